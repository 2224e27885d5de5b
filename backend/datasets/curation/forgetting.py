"""Remove what was measured of a document; its bucket is measured again with the next run, without it."""

import json
from pathlib import Path

from backend.datasets.curation.buckets import bucket_of


def forget_document(folder: Path, document_id: str) -> None:
    """Remove signals and duplicates in which a document may be.

    A run that is under way and has lost a file so says which, and is begun again.

    Args:
        folder: Of quality, as for `Curation`.
        document_id: Of a document that is, or was, registered.
    """
    signals = folder / "signals"
    try:
        count = int(json.loads((signals / "buckets.json").read_text(encoding="utf-8"))["buckets"])
    except (OSError, ValueError, KeyError, TypeError):
        number = "*"  # nobody knows in which bucket it is
    else:
        number = f"{bucket_of(document_id, count):05d}"
    for file in (*signals.glob(f"*/{number}-*"), *(folder / "duplicates").glob("*")):
        file.unlink(missing_ok=True)
