"""What an export is called: by its format, and by what was chosen about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that lies on the server.

    Args:
        name: Format and chosen options, such as `csv` and `csv-unguarded`: by it the export is downloaded.
        path: Its folder.
    """

    name: str
    path: str


def format_of(name: str) -> str:
    """The format of an export of this name."""
    return name.partition("-")[0]
