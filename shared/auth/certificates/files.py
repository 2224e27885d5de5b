"""Write keys and certificates: never over another file, keys for their owner alone, replacements whole or not."""

import os
import re
from pathlib import Path
from uuid import uuid4

from shared.errors import Conflict, InvalidInput, Unavailable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}\Z")
_LONGEST_COMMON_NAME = 64  # RFC 5280, ub-common-name


class CertificateExists(Conflict):
    """A file that would be written is there already."""

    code = "certificate_exists"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} exists already and is never overwritten; choose another name, or move that file away first.",
            path=str(path),
        )


class UnusableName(InvalidInput):
    """A name cannot be the name of a file everywhere."""

    code = "unusable_name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name[:80]}' cannot name a certificate: take up to 63 letters, digits, dots, hyphens, underscores, @, "
            "beginning with a letter or digit."
        )


class CertificateFileUnusable(Unavailable):
    """A file of the authority cannot be read or written."""

    code = "certificate_file_unusable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be used: {reason}.", path=str(path))


def checked_name(name: str) -> str:
    """The name, which becomes part of a path.

    Raises:
        UnusableName: If it could lead out of its folder or means something else on another system.
    """
    if not _NAME.match(name):
        raise UnusableName(name)
    return name


def checked_common_name(name: str) -> str:
    """The name of an authority, for people only.

    Raises:
        UnusableName: If a certificate cannot hold it.
    """
    if not 0 < len(name) <= _LONGEST_COMMON_NAME or not name.isprintable():
        raise UnusableName(name)
    return name


def write_new(path: Path, content: bytes, *, is_secret: bool = False) -> Path:
    """Write a file that must not exist yet, on disk when this returns.

    Args:
        path: Where; its folders are made.
        content: What.
        is_secret: Its owner alone may read it (mode 600; on Windows the folder's rights decide).

    Raises:
        CertificateExists: If it exists.
        CertificateFileUnusable: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if is_secret else 0o644)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError as exc:
        raise CertificateExists(path) from exc
    except OSError as exc:
        raise CertificateFileUnusable(path, exc.strerror or type(exc).__name__) from exc
    return path


def replace_file(path: Path, content: bytes) -> None:
    """Put new content where services may be reading: they see the old file or the new one, nothing between.

    Raises:
        CertificateFileUnusable: If it cannot be written.
    """
    draft = path.with_name(f"{path.name}.{uuid4().hex[:8]}")
    write_new(draft, content)
    try:
        draft.replace(path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise CertificateFileUnusable(path, exc.strerror or type(exc).__name__) from exc


def read(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        CertificateFileUnusable: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as exc:
        raise CertificateFileUnusable(path, exc.strerror or type(exc).__name__) from exc
