"""What a zip container may unpack to; also a .docx is one."""

import zipfile
from collections.abc import Sequence

from backend.datasets.ingest.base import ReadContext

_ALWAYS_FINE = 1 << 20  # small files may have any ratio: a blank table packs 1:500
_ENCRYPTED = 0x1


def check_directory(members: Sequence[zipfile.ZipInfo], ctx: ReadContext) -> None:
    """Refuse a bomb by its table of contents; a member that lies there fails when it is unpacked.

    Raises:
        UnreadableFile: If count, size or ratio is past the limits.
    """
    limits = ctx.limits
    if len(members) > limits.max_members:
        raise ctx.unreadable(f"it has {len(members)} members, more than the limit of {limits.max_members}")
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if unpacked > limits.max_unpacked_bytes:
        raise ctx.unreadable(f"it unpacks to {unpacked} bytes, more than the limit of {limits.max_unpacked_bytes}")
    if unpacked > _ALWAYS_FINE and unpacked > packed * limits.max_ratio:
        raise ctx.unreadable(f"it unpacks to more than {limits.max_ratio:g} times its size, as a zip bomb does")


def is_encrypted(member: zipfile.ZipInfo) -> bool:
    """Whether a password is needed."""
    return bool(member.flag_bits & _ENCRYPTED)
