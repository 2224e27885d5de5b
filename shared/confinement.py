"""The one place where a name from a request becomes a path: inside of its folder, or refused."""

import os
from pathlib import Path, PureWindowsPath

from shared.errors import InvalidInput

_LONGEST_NAME_BYTES = 255
_DEVICES = frozenset(
    [
        *("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"),
        *(f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"),
    ]
)


class PathNotAllowed(InvalidInput):
    """A path from a request leaves the folder that it must stay in, or is none."""

    code = "path_not_allowed"

    def __init__(self, asked: str, root: Path, reason: str = "") -> None:
        reason = reason or f"is not inside the allowed folder '{root.name}'"
        super().__init__(f"'{asked}' {reason}.", asked=asked)


def confined(root: Path, asked: str, *, is_windows: bool = os.name == "nt") -> Path:
    """The real path of `asked` below `root`: the one place where a path from a request becomes a path.

    Args:
        root: Folder that must not be left.
        asked: As it was sent.
        is_windows: Whether names of devices and of streams inside of files mean something.

    Raises:
        PathNotAllowed: If it is absolute elsewhere, climbs out, passes through a link that leaves `root`, or holds a
            name that no file can have.
    """
    if "\x00" in asked:
        raise PathNotAllowed(asked.replace("\x00", "\\0"), root)
    if any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME_BYTES for part in Path(asked).parts):
        reason = f"holds a name of more than {_LONGEST_NAME_BYTES} bytes, which no file can have"
        raise PathNotAllowed(asked[:40] + "…", root, reason)
    if is_windows and any(_means_no_file(part) for part in _parts_on_windows(asked)):
        raise PathNotAllowed(asked, root, "holds a name that Windows keeps for devices or for streams inside of files")
    base = root.resolve()
    resolved = (base / asked).resolve()
    if not resolved.is_relative_to(base):
        raise PathNotAllowed(asked, root)
    return resolved


def _parts_on_windows(asked: str) -> tuple[str, ...]:
    path = PureWindowsPath(asked)
    # the drive of an absolute path is what the root is compared with
    return path.parts[1:] if path.root and path.drive else path.parts


def _means_no_file(name: str) -> bool:
    """Whether Windows opens something else than a file of this name, or a file of another name."""
    stem = name.partition(".")[0].rstrip(" ").upper()
    return stem in _DEVICES or ":" in name or (name.endswith((" ", ".")) and name not in (".", ".."))
