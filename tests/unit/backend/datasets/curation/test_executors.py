"""Who measures buckets."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.executors import Executor, MeasuringFailed, ProcessExecutor, SerialExecutor

BUCKETS = [Bucket(number, "s", (f"doc_{number}",), 1) for number in range(7)]
_CHILD = """
import json, os, sys
folder = json.loads(sys.stdin.readline())["folder"]
for line in sys.stdin:
    number = json.loads(line)["number"]
    {fate}
    open(os.path.join(folder, str(number)), "w").close()
    print(json.dumps({{"measured": 1}}), flush=True)
"""
_DIES_ONCE = """
    if number == 3 and not os.path.exists(os.path.join(folder, "died")):
        open(os.path.join(folder, "died"), "w").close()
        os.kill(os.getpid(), 9)
"""


def processes(folder: Path, fate: str = "pass", workers: int = 2) -> ProcessExecutor:
    command: Sequence[str] = (sys.executable, "-c", _CHILD.format(fate=fate.strip()))
    return ProcessExecutor(workers, {"folder": str(folder)}, command=command)


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} - {"died"}


@pytest.mark.parametrize("workers", [1, 2, 20])
def test_every_bucket_is_measured_and_given_back_once(tmp_path: Path, workers: int) -> None:
    done = list(processes(tmp_path, workers=workers).measure(BUCKETS))

    assert sorted(bucket.number for bucket in done) == [bucket.number for bucket in BUCKETS]
    assert names(tmp_path) == {str(bucket.number) for bucket in BUCKETS}


def test_a_worker_that_is_killed_costs_time_and_no_bucket(tmp_path: Path) -> None:
    done = list(processes(tmp_path, _DIES_ONCE).measure(BUCKETS))

    assert (tmp_path / "died").exists()
    assert len(done) == len(BUCKETS)
    assert names(tmp_path) == {str(bucket.number) for bucket in BUCKETS}


def test_a_bucket_that_kills_every_worker_is_named(tmp_path: Path) -> None:
    with pytest.raises(MeasuringFailed, match=r"doc_3 .*exit code -9"):
        list(processes(tmp_path, "if number == 3: os.kill(os.getpid(), 9)").measure(BUCKETS))


def test_what_a_worker_cannot_do_is_told(tmp_path: Path) -> None:
    fate = 'if number == 3: print(json.dumps({"error": "The disk is full."}), flush=True); continue'

    with pytest.raises(MeasuringFailed, match=r"The disk is full\."):
        list(processes(tmp_path, fate).measure(BUCKETS))


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    executor = ProcessExecutor(2, {}, command=[str(tmp_path / "nothing")])

    with pytest.raises(MeasuringFailed, match="could not be started"):
        list(executor.measure(BUCKETS))


def test_nothing_to_measure_starts_nothing(tmp_path: Path) -> None:
    assert list(ProcessExecutor(2, {}, command=[str(tmp_path / "nothing")]).measure([])) == []


def test_who_stops_listening_leaves_no_process_behind(tmp_path: Path) -> None:
    answers = processes(tmp_path).measure(BUCKETS)
    next(answers)

    answers.close()  # type: ignore[attr-defined]  # a generator, which the Protocol does not promise

    assert len(names(tmp_path)) <= len(BUCKETS)


def test_one_process_measures_one_after_the_other() -> None:
    measured: list[int] = []
    executor: Executor = SerialExecutor(lambda bucket: measured.append(bucket.number))

    assert [bucket.number for bucket in executor.measure(BUCKETS)] == measured == [0, 1, 2, 3, 4, 5, 6]
