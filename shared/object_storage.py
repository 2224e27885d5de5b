"""Published folders copied to where others fetch them: an object store (S3), a share, anything that fsspec opens.

    every file, in pieces  ->  read back, digests compared  ->  manifest.json, last

A reader there accepts a folder only with a manifest, as here. Where copies may go is a setting: prefixes such as
`s3://clara-datasets/published`; a request names a place below one of them and nothing else. Access data come from the
environment of the service (for S3 `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `FSSPEC_S3_ENDPOINT_URL`), never from a
request.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.errors import Conflict, InvalidInput, Unavailable
from shared.storage import MANIFEST_NAME, confined, sha256_file, verify_folder

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # it ships no type information

_PIECE_BYTES = 8 << 20
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]{0,199}")
_LOCAL = "file"


class TargetNotAllowed(InvalidInput):
    """A place that the settings do not open."""

    code = "target_not_allowed"

    def __init__(self, asked: str, reason: str, prefixes: Sequence[str]) -> None:
        none = "none is open: set CLARA_PUBLISH_TARGETS"
        allowed = f"allowed are {', '.join(prefixes)} and below" if prefixes else none
        super().__init__(f"Nothing is published to '{asked}': {reason}; {allowed}.", asked=asked)


class TargetHoldsOther(Conflict):
    """The place holds another folder already; published ones never change."""

    code = "target_holds_other"

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} holds another publication already; choose another place.", url=url)


class NotPublished(Unavailable):
    """The copy could not be made, or is not what was sent; no manifest was written."""

    code = "not_published"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"Nothing was published to {url}: {reason}.", url=url, reason=reason)


@dataclass(frozen=True, slots=True)
class Targets:
    """Where copies may go.

    Args:
        prefixes: URLs, such as `s3://bucket/published` or `file:///srv/share`.
    """

    prefixes: Sequence[str] = ()

    def resolved(self, asked: str) -> str:
        """The URL that was asked for, in its one spelling, if it lies below a prefix.

        Raises:
            TargetNotAllowed: If it does not, or is spelt in a way that hides where it leads.
        """
        url = asked.rstrip("/")
        prefix = next((each for each in self.prefixes if url == each or url.startswith(f"{each}/")), None)
        if prefix is None:
            raise TargetNotAllowed(asked, "it lies below no place that the settings open", self.prefixes)
        segments = url.removeprefix(prefix).split("/")[1:]
        if not all(_SEGMENT.fullmatch(part) for part in segments):
            raise TargetNotAllowed(asked, "its names may hold letters, digits and ._=+- only", self.prefixes)
        if urlsplit(prefix).scheme == _LOCAL:
            # a link below the share must not lead out of it
            confined(Path(urlsplit(prefix).path), "/".join(segments))
        return url


@dataclass(frozen=True, slots=True)
class Publication:
    """A folder as it lies at its target.

    Args:
        manifest_sha256: Its identity, hex.
    """

    url: str
    manifest_sha256: str
    file_count: int
    size_bytes: int


def targets_of(setting: str) -> Targets:
    """The places that a setting names, separated by white space or commas.

    Raises:
        TargetNotAllowed: If one is no URL, or holds access data.
    """
    prefixes = tuple(each.rstrip("/") for each in re.split(r"[\s,]+", setting) if each)
    for prefix in prefixes:
        parts = urlsplit(prefix)
        if not parts.scheme or parts.query or parts.fragment or "@" in parts.netloc or ".." in parts.path.split("/"):
            raise TargetNotAllowed(prefix, "a target is a plain URL without access data", ())
    return Targets(prefixes)


def copy_folder(folder: Path, url: str) -> Publication:
    """Copy a published folder to `url`; copying it again changes nothing.

    Args:
        folder: With a manifest; every byte is checked before it is sent.
        url: As `Targets.resolved` gave it.

    Raises:
        CorruptArtefact: If the folder does not match its manifest.
        TargetHoldsOther: If another folder lies there.
        NotPublished: If the target cannot be written, or holds other bytes than were sent.
    """
    manifest = verify_folder(folder)
    system, root = _opened(url)
    sizes = {name: size for name, (size, _) in manifest.files.items()}
    sizes[MANIFEST_NAME] = (folder / MANIFEST_NAME).stat().st_size
    done = Publication(url, manifest.sha256, len(sizes), sum(sizes.values()))
    try:
        if system.exists(f"{root}/{MANIFEST_NAME}"):
            if _digest(system, f"{root}/{MANIFEST_NAME}") != manifest.sha256:
                raise TargetHoldsOther(url)
            return done
        digests = {name: sha256 for name, (_, sha256) in sorted(manifest.files.items())}
        for name, sha256 in (digests | {MANIFEST_NAME: manifest.sha256}).items():
            _copy(system, folder / name, f"{root}/{name}")
            if _digest(system, f"{root}/{name}") != sha256:
                system.rm_file(f"{root}/{name}")
                raise NotPublished(url, f"{name} arrived with other bytes than were sent")
    except (OSError, ValueError) as exc:
        raise NotPublished(url, str(exc) or type(exc).__name__) from exc
    return done


def verify_copy(url: str, folder: Path) -> bool:
    """Whether the bytes at `url` are those of a published folder here, file by file.

    Raises:
        NotPublished: If the target cannot be read.
    """
    manifest = verify_folder(folder)
    system, root = _opened(url)
    expected = {name: sha256 for name, (_, sha256) in manifest.files.items()}
    expected[MANIFEST_NAME] = sha256_file(folder / MANIFEST_NAME)
    try:
        return all(_digest(system, f"{root}/{name}") == sha256 for name, sha256 in expected.items())
    except OSError as exc:
        raise NotPublished(url, str(exc) or type(exc).__name__) from exc


def _opened(url: str) -> "tuple[AbstractFileSystem, str]":
    import fsspec

    options: Mapping[str, Any] = {"auto_mkdir": True} if urlsplit(url).scheme == _LOCAL else {}
    try:
        system, root = fsspec.core.url_to_fs(url, **options)
    except ImportError as exc:
        raise NotPublished(url, f"the library for '{urlsplit(url).scheme}' is not installed ({exc})") from exc
    return system, str(root).rstrip("/")


def _copy(system: "AbstractFileSystem", source: Path, target: str) -> None:
    with source.open("rb") as read, system.open(target, "wb", block_size=_PIECE_BYTES) as written:
        while piece := read.read(_PIECE_BYTES):
            written.write(piece)


def _digest(system: "AbstractFileSystem", path: str) -> str:
    digest = hashlib.sha256()
    # what was just written is asked for anew, not looked up in a listing
    system.invalidate_cache()
    with system.open(path, "rb", block_size=_PIECE_BYTES) as stream:
        while piece := stream.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
