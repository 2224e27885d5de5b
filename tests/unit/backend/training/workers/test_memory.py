"""Limits that a process sets itself, and what the kernel says about kills."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.training.workers.memory import MEMORY_VARIABLE, oom_kills

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
