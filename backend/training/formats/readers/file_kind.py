"""Files whose content is of another kind than their name says, told by their first bytes."""

from collections.abc import Mapping
from pathlib import Path

_LOOKED_AT = 512
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_COMPRESSED: Mapping[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


def unlike_its_name(path: Path) -> str:
    """What the file is instead, and what to do; empty if nothing speaks against its name."""
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    if head.startswith(_ZIP):
        return "it is a zip archive, as spreadsheets are; unpack it, or export the sheet as CSV"
    is_parquet = path.suffix.lower() == ".parquet"
    packed = next((name for magic, name in _COMPRESSED.items() if head.startswith(magic)), None)
    if packed is not None:
        return f"it is compressed with {packed}; unpack it"
    if is_parquet:
        return "" if head.startswith(_PARQUET) else "it is not a Parquet file, which begins with the letters PAR1"
    if head.startswith(_PARQUET):
        return "it is a Parquet file; let its name end in .parquet"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head[:4]:
        return "it is UTF-16 or UTF-32; save it as UTF-8"
    if path.suffix.lower() == ".jsonl" and head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        return "it holds a JSON list, not one object per line; let its name end in .json"
    return ""
