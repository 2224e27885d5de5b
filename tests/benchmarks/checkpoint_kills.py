"""40 kills of a LoRA run that saves after every step: the plain Hugging Face Trainer beside ours.

The same tiny language model, records and kill schedule. Every kill is a SIGKILL to a real process, at a random moment
between the end of a step and the end of the next (of so small a model that is mostly the time in which it saves); then
a fresh process resumes from what its library finds and runs to the end. Counted are kills after which the newest
checkpoint was torn, resumes that failed, and resumes that gave the bytes of a run that nobody disturbed.
"""

import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from tests.benchmarks import _killed_runs as runs

KILLS = 40
SEED = 4
LONGEST_RUN_S = 120.0
Marks = list[tuple[int, float]]
"""Steps and when their end was told."""
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}


@dataclass(frozen=True)
class Side:
    """One of the two trainers.

    Args:
        train: Target of a child process.
        is_torn: Whether the newest checkpoint below a folder is not whole; gets the folder of an undisturbed run too.
    """

    train: runs.Run
    is_torn: Callable[[Path, Path], bool]


SIDES = {
    "hugging_face": Side(runs.train_with_hugging_face, runs.is_torn_hugging_face),
    "clara": Side(runs.train_with_clara, lambda root, _: runs.is_torn_clara(root)),
}


def measure() -> dict[str, Any]:
    os.environ |= ENVIRONMENT
    context = multiprocessing.get_context("forkserver")
    # children are forked from a process that has the libraries loaded: importing them takes longer than a run
    context.set_forkserver_preload(runs.PRELOADED)
    rng = random.Random(SEED)
    schedule = [(rng.randint(3, runs.STEPS - 2), rng.random()) for _ in range(KILLS)]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        child = context.Process(target=runs.prepare, args=(root / "shared",))
        child.start()
        child.join()
        found = {name: _Bench(context, root, name).measure(schedule) for name in SIDES}
    ours = found["clara"]
    holds = ours["kills"] == ours["equal_bytes"] and ours["torn_newest"] == ours["failed_resumes"] == 0
    return {"steps": runs.STEPS, **found, "holds": holds}


class _Bench:
    def __init__(self, context: ForkServerContext, root: Path, name: str) -> None:
        self._context = context
        self._shared = root / "shared"
        self._root = root / name
        self._side = SIDES[name]

    def measure(self, schedule: list[tuple[int, float]]) -> dict[str, Any]:
        calm = self._root / "calm"
        step_s = self._undisturbed(calm)
        expected = runs.digest(calm)
        kills = torn = failed = equal = 0
        for number, (step, share) in enumerate(schedule):
            root = self._root / f"{number}"
            kills += self._killed(root, step, share)
            torn += self._side.is_torn(root, calm)
            code, _ = self._run(root, 2)
            failed += code != 0
            equal += code == 0 and runs.digest(root) == expected
            shutil.rmtree(root)
        return {
            "kills": kills,
            "torn_newest": torn,
            "failed_resumes": failed,
            "equal_bytes": equal,
            "step_with_save_ms": round(step_s * 1000),
        }

    def _undisturbed(self, root: Path) -> float:
        """Median seconds of a step with its checkpoint."""
        code, marks = self._run(root, 1)
        assert code == 0, (root / runs.SILENCED).read_text(encoding="utf-8")[-2000:]
        assert [step for step, _ in marks] == list(range(1, runs.STEPS + 1))
        return _step_s(marks)

    def _killed(self, root: Path, step: int, share: float) -> bool:
        """Whether the run was killed: this share of a step of its own after it told that step `step` is done."""
        code, _ = self._follow(root, 1, lambda marks: share * _step_s(marks) if marks[-1][0] == step else None)
        return code == -signal.SIGKILL

    def _run(self, root: Path, attempt: int) -> tuple[int, Marks]:
        return self._follow(root, attempt, lambda _: None)

    def _follow(self, root: Path, attempt: int, kill_after_s: Callable[[Marks], float | None]) -> tuple[int, Marks]:
        """Start an attempt and hear it; once `kill_after_s` gives a time, kill it when that has passed."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=self._side.train, args=(self._shared, root, attempt, theirs))
        process.start()
        theirs.close()
        marks: Marks = []
        with contextlib.suppress(EOFError):  # the end of the run
            while ours.poll(LONGEST_RUN_S):
                marks.append((ours.recv(), time.perf_counter()))
                if (pause_s := kill_after_s(marks)) is not None:
                    time.sleep(pause_s)
                    process.kill()
                    break
        process.join(LONGEST_RUN_S)
        ours.close()
        assert process.exitcode is not None, "the run hangs"
        return process.exitcode, marks


def _step_s(marks: Marks) -> float:
    """Median seconds from the end of a step to the end of the next; 0 before there are two."""
    times = [at for _, at in marks]
    return statistics.median(later - earlier for earlier, later in pairwise(times)) if len(times) > 1 else 0.0
