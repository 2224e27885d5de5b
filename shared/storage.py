"""Folders that are there whole and verified, or not at all.

    stage(target)  ->  files are written  ->  publish(): manifest, fsync of every file, rename, fsync of the parent

A reader accepts a folder only with a manifest that verifies, so a crash at any instant leaves either the finished
folder or a `.stage-*` folder that nothing reads and `sweep_stages` removes.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.confinement import PathNotAllowed, confined
from shared.errors import Conflict, Unavailable

__all__ = [
    "MANIFEST_NAME",
    "STAGE_PREFIX",
    "AlreadyPublished",
    "CorruptArtefact",
    "DiskFull",
    "Manifest",
    "NotWritable",
    "PathNotAllowed",
    "StagedFolder",
    "check_writable",
    "confined",
    "disk_errors",
    "error_number",
    "fsync_folder",
    "make_folder",
    "prepare_folders",
    "read_manifest",
    "reseal",
    "sha256_file",
    "stage",
    "sweep_stages",
    "verify_folder",
    "write_json",
]

MANIFEST_NAME = "manifest.json"
STAGE_PREFIX = ".stage-"
_MANIFEST_LIMIT_BYTES = 64 << 20
_RUST_NUMBER = re.compile(r"\(os error (\d+)\)")
# https://sqlite.org/rescode.html: SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL; the lowest byte is the primary code
_SQLITE_NUMBERS = {8: errno.EROFS, 10: errno.EIO, 13: errno.ENOSPC}


class DiskFull(Unavailable):
    """No space (or quota) is left where we write."""

    code = "disk_full"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"No space is left at {path}. Free space or point CLARA_HOME to a larger disk.", path=str(path)
        )


class NotWritable(Unavailable):
    """The folder cannot be written (read-only, missing rights)."""

    code = "not_writable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Cannot write to {path}: {reason}. Grant the service write access or set CLARA_HOME elsewhere.",
            path=str(path),
        )


class AlreadyPublished(Conflict):
    """Published folders are immutable; the target exists."""

    code = "already_published"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already; published folders are never overwritten.", path=str(path))


class CorruptArtefact(Conflict):
    """A folder does not match its manifest (or has none)."""

    code = "corrupt_artefact"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is not a valid artefact: {reason}.", path=str(path), reason=reason)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a published folder contains.

    Args:
        sha256: Of the manifest file itself, hex: the artefact's identity.
        files: Relative POSIX path -> (size in bytes, sha256 hex).
        properties: JSON-able fields the writer added.
    """

    sha256: str
    files: Mapping[str, tuple[int, str]]
    properties: Mapping[str, Any]


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's write errors into `DiskFull` and `NotWritable`."""
    try:
        yield
    except Exception as exc:
        number = error_number(exc)
        if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(path) from exc
        if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO):
            raise NotWritable(path, os.strerror(number)) from exc
        raise


def error_number(error: Exception) -> int | None:
    """The operating system's number of an error, also of one that SQLite or a library in Rust tells; None: no such."""
    if isinstance(error, OSError):
        return error.errno
    if isinstance(code := getattr(error, "sqlite_errorcode", None), int):
        return _SQLITE_NUMBERS.get(code & 0xFF)
    match = _RUST_NUMBER.search(str(error))
    return int(match[1]) if match else None


class StagedFolder:
    """A private folder beside its target; visible to readers only after `publish`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.parent / f"{STAGE_PREFIX}{target.name}.{uuid4().hex[:8]}"
        with disk_errors(target.parent):
            make_folder(target.parent)
            self.path.mkdir()

    def publish(self, properties: Mapping[str, Any] | None = None) -> Manifest:
        """Make the staged files the target, atomically and durably.

        Raises:
            AlreadyPublished: If the target exists.
            DiskFull: If the disk is full; the stage is discarded.
            NotWritable: If the folder cannot be written.
        """
        if self.target.exists():
            self.discard()
            raise AlreadyPublished(self.target)
        with disk_errors(self.target):
            manifest = _write_manifest(self.path, properties or {})
            self.path.rename(self.target)
            fsync_folder(self.target.parent)
        return manifest

    def discard(self) -> None:
        """Remove the stage; the target is untouched."""
        shutil.rmtree(self.path, ignore_errors=True)


@contextlib.contextmanager
def stage(target: Path) -> Iterator[StagedFolder]:
    """A staged folder that is discarded unless its body published it."""
    staged = StagedFolder(target)
    try:
        with disk_errors(target):
            yield staged
    finally:
        if staged.path.exists():
            staged.discard()


def verify_folder(path: Path) -> Manifest:
    """Check every byte of a published folder against its manifest.

    Raises:
        CorruptArtefact: If the manifest is missing or unreadable, or a file is missing, extra, resized or altered.
    """
    manifest = read_manifest(path)
    # whatever is no folder counts as a file: links, pipes and devices too
    found = {p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_symlink() or not p.is_dir()}
    found -= {MANIFEST_NAME}
    if found != set(manifest.files):
        odd = sorted(found.symmetric_difference(manifest.files))
        raise CorruptArtefact(path, f"files differ from the manifest: {', '.join(odd[:5])}")
    for name, (size, sha256) in manifest.files.items():
        file = path / name
        if not _is_regular(file):
            raise CorruptArtefact(path, f"{name} is a link or no file")
        if file.stat().st_size != size or sha256_file(file) != sha256:
            raise CorruptArtefact(path, f"{name} was altered")
    return manifest


def reseal(path: Path) -> Manifest:
    """Bring the manifest of a published folder up to date, after files of it were changed on purpose.

    Raises:
        CorruptArtefact: If its manifest is missing or cannot be read.
    """
    return _write_manifest(path, read_manifest(path).properties)


def read_manifest(path: Path) -> Manifest:
    """The manifest alone, without checking the files.

    Raises:
        CorruptArtefact: If it is missing or cannot be read.
    """
    file = path / MANIFEST_NAME
    try:
        # a pipe would keep its reader waiting for ever, a link would lead elsewhere
        if not _is_regular(file) or file.lstat().st_size > _MANIFEST_LIMIT_BYTES:
            raise CorruptArtefact(path, "its manifest is a link, no file or too large")
        raw = file.read_bytes()
        body = json.loads(raw)
        files = {name: (int(entry["size_bytes"]), str(entry["sha256"])) for name, entry in body["files"].items()}
        return Manifest(hashlib.sha256(raw).hexdigest(), files, dict(body["properties"]))
    except FileNotFoundError as exc:
        raise CorruptArtefact(path, "it has no manifest") from exc
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise CorruptArtefact(path, "its manifest cannot be read") from exc


def sweep_stages(folder: Path) -> list[Path]:
    """Remove what crashed writers left in `folder`; call only while no writer can be alive there."""
    left = [p for p in folder.glob(f"{STAGE_PREFIX}*") if p.is_dir()] if folder.is_dir() else []
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return left


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, hex, read in 1 MiB pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that is the same bytes for the same content (sorted keys, UTF-8, final newline)."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def fsync_folder(path: Path) -> None:
    """Make a rename inside `path` durable (a no-op on Windows, where folders cannot be opened)."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def prepare_folders(*folders: Path) -> None:
    """Make folders that a service writes to, before it says that it can.

    Raises:
        NotWritable: Naming the first that is not a folder, cannot be made or must not be written.
        DiskFull: If there is no space for one.
    """
    for folder in folders:
        try:
            with disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as exc:
            raise NotWritable(folder, "there is a file where the folder should be") from exc
    check_writable(*folders)


def check_writable(*folders: Path) -> None:
    """Raise `NotWritable` naming the first folder that this process must not write."""
    for folder in folders:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise NotWritable(folder, "permission denied")


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents so that they outlive a power cut; one that is there is fine."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        fsync_folder(one.parent)


def _is_regular(file: Path) -> bool:
    return stat.S_ISREG(file.lstat().st_mode)


def _write_manifest(folder: Path, properties: Mapping[str, Any]) -> Manifest:
    entries: dict[str, dict[str, Any]] = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST_NAME):
        _fsync_file(file)
        entries[file.relative_to(folder).as_posix()] = {
            "size_bytes": file.stat().st_size,
            "sha256": sha256_file(file),
        }
    write_json(folder / MANIFEST_NAME, {"files": entries, "properties": dict(properties)})
    _fsync_file(folder / MANIFEST_NAME)
    for sub in sorted(p for p in folder.rglob("*") if p.is_dir()):
        fsync_folder(sub)
    fsync_folder(folder)
    return read_manifest(folder)


def _fsync_file(path: Path) -> None:
    # read-write: Windows refuses to flush a read-only handle
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
