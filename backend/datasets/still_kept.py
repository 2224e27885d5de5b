"""The error of who was to remove what is kept of erased documents, and could not."""

from pathlib import Path

from shared.errors import Unavailable


class StillKept(Unavailable):
    """Words of erased documents are in a file that can neither be cleaned nor removed now."""

    code = "still_kept"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"What is kept of erased documents in {path} cannot be removed: {reason}. See to it that the service can "
            "write there, then erase the document again.",
            path=str(path),
            reason=reason,
        )
