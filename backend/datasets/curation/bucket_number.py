"""How many buckets there are, remembered beside the signals, since a document's bucket depends on it."""

import json
from pathlib import Path

from shared.replacing import replacing

_FILE_NAME = "buckets.json"


def remembered_count(signals: Path) -> int | None:
    """The number of buckets; None where it was lost, which costs one more measuring and nothing else.

    Args:
        signals: Folder of the signals of all ways of measuring.
    """
    try:
        return int(json.loads((signals / _FILE_NAME).read_text(encoding="utf-8"))["buckets"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember_count(signals: Path, count: int) -> None:
    """Keep the number for the next run.

    Raises:
        DiskFull: If there is no room.
        NotWritable: If the folder cannot be written.
    """
    if count != remembered_count(signals):
        with replacing(signals / _FILE_NAME) as stream:
            stream.write(json.dumps({"buckets": count}).encode())
