"""Limits that a process sets itself, and what the kernel says about kills."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.training.workers.memory import MEMORY_VARIABLE, available_mb, oom_kills

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc")
GREEDY = """
from backend.training.workers.memory import limit_memory
limit_memory(PROCESSES)
try:
    taken = bytearray(MB * 1024 * 1024)
    print("taken", len(taken) >> 20)
except MemoryError:
    print("refused")
"""


def greedy(mb: int, *, processes: int = 1, **environment: str) -> str:
    script = GREEDY.replace("MB", str(mb)).replace("PROCESSES", str(processes))
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[5]), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_more_than_the_allowed_memory_is_a_memory_error() -> None:
    assert greedy(512, **{MEMORY_VARIABLE: "128"}) == "refused"
    assert greedy(16, **{MEMORY_VARIABLE: "128"}) == "taken 16"


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_several_processes_share_the_allowed_memory() -> None:
    assert greedy(384, **{MEMORY_VARIABLE: "512"}) == "taken 384"
    assert greedy(384, processes=2, **{MEMORY_VARIABLE: "512"}) == "refused"


def test_without_a_setting_there_is_no_limit() -> None:
    assert greedy(512, **{MEMORY_VARIABLE: ""}) == "taken 512"


@linux
def test_the_kernel_is_told_to_take_a_trainer_rather_than_anybody_else() -> None:
    script = GREEDY.replace("MB", "1").replace("PROCESSES", "1") + "print(open('/proc/self/oom_score_adj').read())"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[5])}
    said = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split()[-1] == "500"


def test_the_kernels_count_of_kills_is_read_from_the_control_group(tmp_path: Path) -> None:
    events = tmp_path / "memory.events"
    events.write_text("low 0\nhigh 3\nmax 12\noom 2\noom_kill 2\noom_group_kill 0\n")
    assert oom_kills(events) == 2


@pytest.mark.parametrize("content", [None, "", "low 0\n", "oom_kill many\n"])
def test_where_the_kernel_says_nothing_of_use_there_were_no_kills(tmp_path: Path, content: str | None) -> None:
    events = tmp_path / "memory.events"
    if content is not None:
        events.write_text(content)
    assert oom_kills(events) == 0


@linux
def test_our_own_control_group_can_be_asked() -> None:
    assert oom_kills() >= 0


@linux
def test_available_memory_is_what_the_machine_has_at_most() -> None:
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total_mb = int(fields["MemTotal"].split()[0]) // 1024
    found = available_mb()
    assert found is not None
    assert 0 < found < total_mb


@linux
def test_a_control_group_with_a_limit_has_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in {
        "memory.max": f"{300 << 20}\n",
        "memory.current": f"{250 << 20}\n",
        "memory.stat": f"anon 1\ninactive_file {20 << 20}\nactive_file 7\n",
    }.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setattr("backend.training.workers.memory._own_group", lambda: tmp_path)
    assert available_mb() == 70
    (tmp_path / "memory.max").write_text("max\n")
    assert (available_mb() or 0) != 70
