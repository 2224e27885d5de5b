"""What can be fetched of an export folder: a file as it is, or everything as a zip that is never written.

The zip holds its files as they are (`stored`), so every byte of it can be computed: its length and its digest are known
before the first byte is sent, any range of it can be read, and neither memory nor disk is needed for it. The same files
are the same zip. Whoever wants fewer bytes takes Parquet, or JSONL packed.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from uuid import uuid4

from shared.models.dataset import Split
from shared.storage import MANIFEST_NAME, Manifest, read_manifest, write_json

_CHUNK = 1 << 20
_MEDIA_TYPES = {
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".md": "text/markdown",
    ".gz": "application/gzip",
    ".zst": "application/zstd",
}
_PLAIN = "text/plain"
_ZIP = "application/zip"
MEDIA_TYPES = (*_MEDIA_TYPES.values(), _PLAIN, _ZIP)
"""Everything that a download may be."""

_LARGEST_32 = 0xFFFFFFFF
_LARGEST_16 = 0xFFFF
_FIRST_DAY = 0x21  # 1980-01-01, the first day that a zip can name: no time of ours gets into the bytes
_UTF_8 = 0x800
_VERSION = 45  # ZIP64


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A file as a part of what is sent."""

    path: Path
    size_bytes: int


Piece = bytes | FilePiece


@dataclass(frozen=True, slots=True)
class DownloadFile:
    """Something to send, of which any range can be read.

    Args:
        name: Offered to the browser.
        sha256: Of all its bytes, hex.
        pieces: What it is made of, in order.
    """

    name: str
    media_type: str
    sha256: str
    pieces: Sequence[Piece]

    @property
    def size_bytes(self) -> int:
        """Its length."""
        return sum(_size(piece) for piece in self.pieces)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, at most 1 MiB at once."""
        offset = 0
        for piece in self.pieces:
            size = _size(piece)
            first, last = max(start - offset, 0), min(end - offset, size)
            if first < last:
                yield from _range_of(piece, first, last)
            offset += size


def one_file(folder: Path, file: str, *, name: str) -> DownloadFile | None:
    """A file of a published folder (its manifest, too) by its name there; None if there is none."""
    manifest = read_manifest(folder)
    listed = {**manifest.files, MANIFEST_NAME: ((folder / MANIFEST_NAME).stat().st_size, manifest.sha256)}
    if file not in listed:
        return None
    size_bytes, sha256 = listed[file]
    path = PurePosixPath(file)
    media_type = _MEDIA_TYPES.get(path.suffix, _PLAIN)
    return DownloadFile(f"{name}-{path.name}", media_type, sha256, (FilePiece(folder / file, size_bytes),))


def files_of_split(folder: Path, split: Split) -> list[str]:
    """Files that hold the records of a split, in order; none if it is empty."""
    names = sorted(read_manifest(folder).files)
    return [name for name in names if PurePosixPath(name).name.startswith((f"{split.value}.", f"{split.value}-"))]


def whole_folder(folder: Path, *, name: str) -> DownloadFile:
    """All files of a published folder as one zip, in a folder `name`.

    The first call reads every file once for its check sums, which are kept beside the folder.
    """
    manifest = read_manifest(folder)
    files = [*sorted(manifest.files), MANIFEST_NAME]
    sums = _kept_sums(folder, manifest, name)
    if sums is None:
        checks = {file: _crc32(folder / file) for file in files}
        sums = _Sums(checks, _sha256(DownloadFile("", "", "", _zip_pieces(folder, files, checks, name))))
        _keep_sums(folder, manifest, name, sums)
    return DownloadFile(f"{name}.zip", _ZIP, sums.sha256, _zip_pieces(folder, files, sums.checks, name))


@dataclass(frozen=True, slots=True)
class _Sums:
    """Check sums of a zip.

    Args:
        checks: File -> CRC-32.
        sha256: Of the zip, hex.
    """

    checks: Mapping[str, int]
    sha256: str


def _size(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.size_bytes


def _range_of(piece: Piece, first: int, last: int) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        yield piece[first:last]
        return
    with piece.path.open("rb") as stream:
        stream.seek(first)
        while first < last and (chunk := stream.read(min(_CHUNK, last - first))):
            first += len(chunk)
            yield chunk


def _zip_pieces(folder: Path, files: Sequence[str], checks: Mapping[str, int], name: str) -> list[Piece]:
    """Headers and files, then the directory.

    Source: APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3
    """
    pieces: list[Piece] = []
    directory = b""
    offset = 0
    for file in files:
        size = (folder / file).stat().st_size
        path = f"{name}/{file}".encode()
        # sizes and the offset always stand in the ZIP64 field: one form for all files, whatever their size
        common = struct.pack("<HHHHHLLL", _VERSION, _UTF_8, 0, 0, _FIRST_DAY, checks[file], _LARGEST_32, _LARGEST_32)
        header = b"PK\3\4" + common + struct.pack("<HHHHQQ", len(path), 20, 1, 16, size, size)
        header = header[:30] + path + header[30:]
        directory += b"PK\1\2" + struct.pack("<H", _VERSION) + common
        directory += struct.pack("<HHHHHLL", len(path), 28, 0, 0, 0, 0, _LARGEST_32)
        directory += path + struct.pack("<HHQQQ", 1, 24, size, size, offset)
        pieces += [header, FilePiece(folder / file, size)]
        offset += len(header) + size
    return [*pieces, directory + _end_of_zip(len(files), len(directory), offset)]


def _end_of_zip(count: int, size: int, offset: int) -> bytes:
    zip64 = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, _VERSION, _VERSION, 0, 0, count, count, size, offset)
    locator = b"PK\6\7" + struct.pack("<LQL", 0, offset + size, 1)
    return zip64 + locator + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, _LARGEST_16, _LARGEST_16, *(_LARGEST_32,) * 2, 0)


def _crc32(path: Path) -> int:
    check = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            check = zlib.crc32(chunk, check)
    return check


def _sha256(file: DownloadFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.read(0, file.size_bytes):
        digest.update(chunk)
    return digest.hexdigest()


def _sums_file(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.zip.json")


def _kept_sums(folder: Path, manifest: Manifest, name: str) -> _Sums | None:
    try:
        kept = json.loads(_sums_file(folder).read_bytes())
        is_of_this = (kept["manifest_sha256"], kept["name"]) == (manifest.sha256, name)
        return _Sums(dict(kept["checks"]), str(kept["sha256"])) if is_of_this else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _keep_sums(folder: Path, manifest: Manifest, name: str, sums: _Sums) -> None:
    file = _sums_file(folder)
    draft = file.with_name(f"{file.name}.{uuid4().hex[:8]}")
    write_json(draft, {"manifest_sha256": manifest.sha256, "name": name, **asdict(sums)})
    draft.replace(file)
