"""Zip files of documents; nothing is ever unpacked to a path that the archive chose."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from backend.datasets.ingest.base import ArchiveMember, BaseArchive, ReadContext
from backend.datasets.ingest.zip_limits import check_directory, is_encrypted


class ZipArchive(BaseArchive):
    """Members in the order of their names, each unpacked in memory within the limits."""

    suffixes = (".zip",)

    def members(self, stream: BinaryIO, ctx: ReadContext) -> Iterator[ArchiveMember]:
        """Every regular member whose name is a plain relative path."""
        try:
            with zipfile.ZipFile(stream) as container:
                entries = container.infolist()
                check_directory(entries, ctx)
                for entry in sorted(entries, key=lambda entry: entry.filename):
                    if not entry.is_dir() and (member := _unpack(container, entry, ctx)):
                        yield member
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError) as exc:
            raise ctx.unreadable(f"it is not a zip file or it is damaged ({exc})") from exc


def _unpack(container: zipfile.ZipFile, entry: zipfile.ZipInfo, ctx: ReadContext) -> ArchiveMember | None:
    reason = _refusal(entry, ctx)
    if not reason:
        try:
            with container.open(entry) as packed:
                raw = packed.read(ctx.limits.max_file_bytes + 1)
            if len(raw) <= ctx.limits.max_file_bytes:
                return ArchiveMember(entry.filename, io.BytesIO(raw))
            reason = f"it is larger than the limit of {ctx.limits.max_file_bytes} bytes"
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as exc:
            reason = f"it is damaged inside the archive ({exc})"
    ctx.skipped(entry.filename, reason)
    return None


def _refusal(entry: zipfile.ZipInfo, ctx: ReadContext) -> str:
    """Why a member must not be unpacked, empty if it may be."""
    parts = entry.filename.split("/")
    if entry.filename.startswith("/") or "\\" in entry.filename or ":" in parts[0] or ".." in parts:
        return "its name leads out of the archive"
    if is_encrypted(entry):
        return "it is protected by a password"
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        return "it is a link"
    if entry.file_size > ctx.limits.max_file_bytes:
        return f"it is larger than the limit of {ctx.limits.max_file_bytes} bytes"
    if entry.filename.lower().endswith(".zip"):
        return "it is an archive inside an archive"
    return ""
