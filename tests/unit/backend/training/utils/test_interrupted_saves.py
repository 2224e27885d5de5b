"""A process may end at any line of saving and pruning: a valid checkpoint is there, and it goes on from there."""

import os
import shutil
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from backend.training.utils import checkpoint, checkpoint_retention, random_state, tensor_files
from backend.training.utils.checkpoint import CheckpointContent, load_newest, save_checkpoint
from backend.training.utils.checkpoint_retention import prune, sweep
from backend.training.utils.tensor_files import read_arrays
from shared import storage

WATCHED = {module.__file__ for module in (checkpoint, checkpoint_retention, random_state, storage, tensor_files)}
DIED = 9

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="ends a forked process at a line of its code")


def save_and_prune(folder: Path, step: int) -> None:
    content = CheckpointContent(
        step=step,
        weights={"w": np.full(3, step, dtype=np.float32)},
        best_weights=None,
        optimizer={},
        state={"step": step},
        log=[],
    )
    save_checkpoint(folder, content, claim_epoch=1, identity="run")
    prune(folder, keep=1, identity="run")


class Watch:
    """Notes every line of the watched modules that is about to run; ends the process, uncleaned, before the n-th."""

    def __init__(self, fatal: int = 0) -> None:
        self.lines: list[tuple[str, int]] = []
        self._fatal = fatal

    def __call__(self, frame: FrameType, event: str, _: Any) -> "Watch | None":
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            self.lines.append((frame.f_code.co_filename, frame.f_lineno))
            if len(self.lines) == self._fatal:
                os._exit(DIED)
        return self


def in_child(watch: Watch, folder: Path) -> int:
    """Exit code of a process that saves step 2."""
    pid = os.fork()
    if pid == 0:
        sys.settrace(watch)
        save_and_prune(folder, 2)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def moments(folder: Path) -> list[int]:
    """Numbers of the first and the last run of every line that saving and pruning go through."""
    watch = Watch()
    before = sys.gettrace()
    sys.settrace(watch)
    try:
        save_and_prune(folder, 2)
    finally:
        sys.settrace(before)
    first = {line: number for number, line in reversed(list(enumerate(watch.lines, start=1)))}
    last = {line: number for number, line in enumerate(watch.lines, start=1)}
    return sorted({*first.values(), *last.values()})


def test_a_process_that_ends_at_any_line_leaves_a_valid_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what counts here is the order of things, not what the disk does with them
    monkeypatch.setattr(os, "fsync", lambda _: None)
    save_and_prune(tmp_path / "before", 1)
    found_steps = []
    fatal = moments(shutil.copytree(tmp_path / "before", tmp_path / "whole"))
    for number in fatal:
        folder = shutil.copytree(tmp_path / "before", tmp_path / f"{number}")
        assert in_child(Watch(number), folder) == DIED
        sweep(folder)
        found = load_newest([folder], identity="run", read=read_arrays, shapes={"w": (3,)})
        assert found.content is not None, number
        assert not found.skipped, number
        assert (found.content.weights["w"] == found.content.step).all()
        found_steps.append(found.content.step)
    assert len(fatal) > 100
    assert found_steps == sorted(found_steps)
    assert set(found_steps) == {1, 2}
