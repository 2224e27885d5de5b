"""A real file system of a few mebibytes, to be filled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoSmallDisk(Exception):
    """A small file system cannot be mounted here."""

    def __init__(self) -> None:
        super().__init__("needs the right to mount a small file system (root on Linux)")


@contextmanager
def small_disk(folder: Path, *, size_mb: int) -> Iterator[Path]:
    """A tmpfs mounted on `folder`, unmounted at the end.

    Raises:
        NoSmallDisk: If we may not mount.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode:
        raise NoSmallDisk
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def free_bytes(folder: Path) -> int:
    """Space that is left."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def fill(folder: Path, *, leave_bytes: int = 0) -> Path:
    """A file that takes all space but `leave_bytes`; deleting it frees the disk again."""
    ballast = folder / "ballast"
    with ballast.open("ab") as stream:
        while (wanted := free_bytes(folder) - leave_bytes) > 0:
            try:
                stream.write(bytes(min(wanted, 1 << 20)))
                stream.flush()
            except OSError:  # somebody else was faster: full is full
                break
    return ballast
