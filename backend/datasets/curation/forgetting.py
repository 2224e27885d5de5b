"""Remove what was measured of a document; its bucket is measured again with the next run, without it."""

from pathlib import Path

from backend.datasets.curation.bucket_number import remembered_count
from backend.datasets.curation.buckets import bucket_of


def forget_document(folder: Path, document_id: str) -> None:
    """Remove signals and duplicates in which a document may be.

    Nobody is waited for: a run that is under way and has lost a file so says which, and is begun again. What it writes
    of the document after that goes when it ends.

    Args:
        folder: Of quality, as for `Curation`.
        document_id: Of a document that is, or was, registered.
    """
    signals = folder / "signals"
    count = remembered_count(signals)
    # where nobody knows in which bucket it is, all of them go
    number = "*" if count is None else f"{bucket_of(document_id, count):05d}"
    measured = (file for name in (f"{number}-*", f".{number}-*") for file in signals.glob(f"*/{name}"))
    for file in (*measured, *(folder / "duplicates").glob("*")):
        file.unlink(missing_ok=True)
