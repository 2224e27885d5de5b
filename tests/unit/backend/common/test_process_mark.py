"""Whoever carries a mark is found and ended, whatever group, session or parent it has."""

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from backend.common.process_mark import LONGEST_MARK, MARK_VARIABLE, RESERVED_MARK, MarkPlace, end_marked, marks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="found by /proc")

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
# a parent that leaves its child, which has a session of its own, to process 1
ORPHAN = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True, stdout=-3)
print(child.pid)
"""


def marked(mark: str) -> dict[str, str]:
    return {**os.environ, MARK_VARIABLE: mark}


def is_gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_gone(pid: int) -> None:
    give_up = time.monotonic() + 20
    while not is_gone(pid):
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.fixture
def job() -> str:
    return f"job_{uuid4().hex}"


def test_processes_of_the_mark_are_ended_and_no_others(job: str) -> None:
    ours = subprocess.Popen(SLEEP, env=marked(f"{job}.e1."))
    other = subprocess.Popen(SLEEP, env=marked(f"{job}.e12."))
    unmarked = subprocess.Popen(SLEEP)
    try:
        assert end_marked(f"{job}.e1.") == 1
        assert ours.wait(10) == -9
        assert other.poll() is None
        assert unmarked.poll() is None
        assert end_marked(f"{job}.e") == 1
        assert other.wait(10) == -9
    finally:
        for process in (ours, other, unmarked):
            process.kill()
            process.wait()


def test_an_orphan_with_a_session_of_its_own_is_found(job: str) -> None:
    said = subprocess.run(
        (sys.executable, "-c", ORPHAN), env=marked(job), stdout=subprocess.PIPE, text=True, check=True
    )
    pid = int(said.stdout)
    assert not is_gone(pid)
    assert job in marks()
    assert end_marked(job) == 1
    wait_gone(pid)
    assert job not in marks()


def test_a_mark_that_nobody_carries_ends_nobody(job: str) -> None:
    assert end_marked(job) == 0


def test_we_never_end_ourselves(job: str) -> None:
    script = f"from backend.common.process_mark import end_marked; print(end_marked({job!r}))"
    environment = {**marked(job), "PYTHONPATH": str(Path(__file__).parents[4])}
    said = subprocess.run(
        (sys.executable, "-c", script), env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    assert said.stdout.strip() == "0"


FORKS = """
import os, sys, time
from backend.common.process_mark import MarkPlace
place = MarkPlace()
for mark in sys.argv[1:]:
    pid = os.fork()
    if pid == 0:
        place.write("something longer, to be overwritten")
        place.write(mark)
        os.write(1, f"{mark} {os.getpid()}\\n".encode())
        time.sleep(600)
time.sleep(600)
"""


def test_forks_carry_marks_of_their_own(job: str) -> None:
    environment = {**marked(RESERVED_MARK), "PYTHONPATH": str(Path(__file__).parents[4])}
    written = [f"{job}.e1.", f"{job}.e2." + "x" * (LONGEST_MARK - len(job) - 4)]
    command = (sys.executable, "-c", FORKS, *written)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            pids = dict(parent.stdout.readline().decode().split() for _ in written)
            first, second = (int(pids[mark]) for mark in written)
            assert set(written) <= marks()
            assert end_marked(written[0]) == 1
            wait_gone(first)
            assert not is_gone(second)
            assert end_marked(f"{job}.e") == 1
            wait_gone(second)
            assert parent.poll() is None
        finally:
            parent.kill()


def test_without_room_for_a_mark_none_is_written(job: str) -> None:
    with pytest.raises(OSError, match=f"{MARK_VARIABLE} is not reserved"):
        MarkPlace()
    script = f"from backend.common.process_mark import MarkPlace; MarkPlace().write({'x' * (LONGEST_MARK + 1)!r})"
    environment = {**marked(RESERVED_MARK), "PYTHONPATH": str(Path(__file__).parents[4])}
    said = subprocess.run((sys.executable, "-c", script), env=environment, capture_output=True, text=True, check=False)
    assert f"has {LONGEST_MARK + 1} bytes, at most {LONGEST_MARK} are reserved" in said.stderr
