"""Who measures buckets."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.executors import Executor, MeasuringFailed, ProcessExecutor, SerialExecutor
from backend.datasets.curation.measured_sections import MeasuredSections
from backend.datasets.curation.messages import figures_told
from backend.datasets.curation.signal_files import SignalFiles

BUCKETS = [Bucket(number, "s", (f"doc_{number}",), 1) for number in range(7)]
MEASURED = MeasuredSections(["s"], ["d"], ["k"], np.array([1]), np.array([2]), {"a": np.array([0.5])}, [{}])
_CHILD = """
import json, os, sys
folder = json.loads(sys.stdin.readline())["folder"]
for line in sys.stdin:
    number = json.loads(line)["number"]
    {fate}
    print(json.dumps({figures}), flush=True)
"""
_DIES_ONCE = """
    if number == 3 and not os.path.exists(os.path.join(folder, "died")):
        open(os.path.join(folder, "died"), "w").close()
        os.kill(os.getpid(), 9)
"""


def processes(folder: Path, fate: str = "pass", workers: int = 2) -> ProcessExecutor:
    script = _CHILD.format(fate=fate.strip(), figures=figures_told(MEASURED))
    command: Sequence[str] = (sys.executable, "-c", script)
    return ProcessExecutor(workers, {"folder": str(folder)}, SignalFiles(folder / "signals"), command=command)


def no_processes(folder: Path) -> ProcessExecutor:
    return ProcessExecutor(2, {}, SignalFiles(folder), command=[str(folder / "nothing")])


def are_written(folder: Path, buckets: Sequence[Bucket] = BUCKETS) -> bool:
    files = SignalFiles(folder / "signals")
    return {files.path(bucket) for bucket in buckets} == set(files.folder.iterdir())


@pytest.mark.parametrize("workers", [1, 2, 20])
def test_every_bucket_is_measured_and_given_back_once(tmp_path: Path, workers: int) -> None:
    done = list(processes(tmp_path, workers=workers).measure(BUCKETS))

    assert sorted(bucket.number for bucket in done) == [bucket.number for bucket in BUCKETS]
    assert are_written(tmp_path)
    assert SignalFiles(tmp_path / "signals").read(BUCKETS[3]).signals["a"].tolist() == [0.5]


def test_a_worker_that_is_killed_costs_time_and_no_bucket(tmp_path: Path) -> None:
    done = list(processes(tmp_path, _DIES_ONCE).measure(BUCKETS))

    assert (tmp_path / "died").exists()
    assert len(done) == len(BUCKETS)
    assert are_written(tmp_path)


def test_a_bucket_that_kills_every_worker_is_named(tmp_path: Path) -> None:
    with pytest.raises(MeasuringFailed, match=r"doc_3 .*exit code -9"):
        list(processes(tmp_path, "if number == 3: os.kill(os.getpid(), 9)").measure(BUCKETS))


def test_what_a_worker_cannot_do_is_told(tmp_path: Path) -> None:
    fate = 'if number == 3: print(json.dumps({"error": "The disk is full."}), flush=True); continue'

    with pytest.raises(MeasuringFailed, match=r"The disk is full\."):
        list(processes(tmp_path, fate).measure(BUCKETS))


@pytest.mark.parametrize("answer", ["{}", "[1]", "no json", '{"words": 3}'])
def test_an_answer_that_is_none_is_no_figure(tmp_path: Path, answer: str) -> None:
    with pytest.raises(MeasuringFailed, match="A worker"):
        list(processes(tmp_path, f"print({answer!r}, flush=True); continue").measure(BUCKETS[:1]))

    assert not SignalFiles(tmp_path / "signals").is_done(BUCKETS[0])


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "signals").write_text("a file where the folder should be")

    with pytest.raises((MeasuringFailed, FileExistsError)):
        list(processes(tmp_path).measure(BUCKETS))


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MeasuringFailed, match="could not be started"):
        list(no_processes(tmp_path).measure(BUCKETS))


def test_nothing_to_measure_starts_nothing(tmp_path: Path) -> None:
    assert list(no_processes(tmp_path).measure([])) == []


def test_who_stops_listening_leaves_no_process_behind(tmp_path: Path) -> None:
    answers = processes(tmp_path).measure(BUCKETS)
    next(answers)

    answers.close()  # type: ignore[attr-defined]  # a generator, which the Protocol does not promise

    assert len(list((tmp_path / "signals").iterdir())) <= len(BUCKETS)


def test_one_process_measures_one_after_the_other(tmp_path: Path) -> None:
    measured: list[int] = []

    def one(bucket: Bucket) -> MeasuredSections:
        measured.append(bucket.number)
        return MEASURED

    executor: Executor = SerialExecutor(one, SignalFiles(tmp_path / "signals"))

    assert [bucket.number for bucket in executor.measure(BUCKETS)] == measured == [0, 1, 2, 3, 4, 5, 6]
    assert are_written(tmp_path)
