"""Locks on files: one holder at a time, and none after its process."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.file_lock import NotLockable, hold
from shared.storage import NotWritable

_HOLDER = """
import sys
from pathlib import Path
from shared.file_lock import hold
hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_has_one_holder_and_another_one_afterwards(tmp_path: Path) -> None:
    first = hold(tmp_path / "x.lock")
    with pytest.raises(BlockingIOError):
        hold(tmp_path / "x.lock")
    os.close(first)

    os.close(hold(tmp_path / "x.lock"))


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(tmp_path / "x.lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": os.pathsep.join(sys.path)}
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError):
            hold(tmp_path / "x.lock")
        holder.kill()

    os.close(hold(tmp_path / "x.lock"))


def test_a_file_that_was_removed_meanwhile_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = tmp_path / "x.lock", os.open
    removals = iter([path])

    def removed_at_once(file: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = opened(file, flags, mode)
        for each in removals:
            each.unlink()
            break
        return descriptor

    monkeypatch.setattr(os, "open", removed_at_once)
    holder = hold(path)

    assert os.fstat(holder).st_ino == path.stat().st_ino
    os.close(holder)


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuses(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuses)

    with pytest.raises(NotLockable, match="No locks available"):
        hold(tmp_path / "x.lock")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuses)

    with pytest.raises(NotWritable):
        hold(tmp_path / "x.lock")
