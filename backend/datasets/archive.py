"""One file out of an export folder: a split as it is, or everything as a zip."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from shared.models.dataset import Split
from shared.storage import MANIFEST_NAME, disk_errors, read_manifest, sha256_file

_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class DownloadFile:
    """A file to send.

    Args:
        name: Offered to the browser.
        sha256: Of the bytes sent, hex.
        is_temporary: Whether the sender removes it afterwards.
    """

    path: Path
    name: str
    media_type: str
    sha256: str
    is_temporary: bool


def split_file(folder: Path, split: Split, *, extension: str, media_type: str, name: str) -> DownloadFile | None:
    """The file of one split, None if the split is empty; its digest is the manifest's."""
    file = f"{split.value}.{extension}"
    entry = read_manifest(folder).files.get(file)
    if entry is None:
        return None
    return DownloadFile(folder / file, f"{name}-{file}", media_type, entry[1], is_temporary=False)


def zip_folder(folder: Path, target_dir: Path, *, name: str) -> DownloadFile:
    """All files of a published folder in one zip, the same bytes for the same files."""
    target = target_dir / f"{uuid4().hex}.zip"
    with disk_errors(target):
        target_dir.mkdir(parents=True, exist_ok=True)
        files = [*sorted(read_manifest(folder).files), MANIFEST_NAME]
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for file in files:
                # a fixed date keeps the bytes equal from call to call
                entry = zipfile.ZipInfo(f"{name}/{file}", date_time=_EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with (folder / file).open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                    while chunk := source.read(_CHUNK):
                        sink.write(chunk)
    return DownloadFile(target, f"{name}.zip", "application/zip", sha256_file(target), is_temporary=True)
