"""What was derived and cannot be read any more is removed, so that it is made anew."""

from pathlib import Path

from shared.errors import Unavailable


class DamagedFigures(Unavailable):
    """A file of figures cannot be read; it is gone now, and nothing but time is lost by it."""

    code = "damaged_figures"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"What quality had measured cannot be read ({path.name}: {reason}). The file was removed; run it again, "
            "and what it held is made anew.",
            file=path.name,
        )


def damaged(path: Path, error: Exception) -> DamagedFigures:
    """Remove a file that cannot be read; returns what to raise."""
    path.unlink(missing_ok=True)
    return DamagedFigures(path, (str(error).splitlines() or [type(error).__name__])[0])
