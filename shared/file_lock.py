"""A lock that one process has at a time: on a file, so that whatever ends the process ends the lock as well."""

import errno
import os
import sys
from pathlib import Path

from shared.errors import Unavailable
from shared.storage import disk_errors

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
# nobody else may read locked bytes on Windows, and files say who holds them
_FAR_BEHIND = 1 << 30


class NotLockable(Unavailable):
    """The file system offers no locks."""

    code = "not_lockable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"'{path}' cannot be locked: {reason}. Put its folder on a file system with locks, such as a local disk.",
            path=str(path),
        )


def hold(file: Path) -> int:
    """Lock a file for this process, until the returned descriptor is closed; children do not inherit it.

    Args:
        file: Made where it is not there; it stays.

    Raises:
        BlockingIOError: If another process, or another caller in this one, holds it.
        NotLockable: If the file system has no locks.
        NotWritable: If the file cannot be made.
    """
    while True:
        with disk_errors(file):
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor, file)
            if _is_at(descriptor, file):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # somebody removed the file between the two: the lock of the next comer would be another one
        os.close(descriptor)


def _lock(descriptor: int, file: Path) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _FAR_BEHIND, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError as exc:
                raise BlockingIOError from exc
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        if exc.errno in _NO_LOCKS:
            raise NotLockable(file, os.strerror(exc.errno)) from exc
        raise


def _is_at(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False
