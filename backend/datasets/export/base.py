"""The contract of an export format: write rows to one file, read the same rows back.

A new format is one new file `<name>_exporter.py` in this folder with one subclass of `BaseExporter`; the registry finds
it by its `format`. What is written must be lossless, the same bytes for the same rows, and use flat memory; libraries
such as pyarrow are imported inside functions, because the service process reads this module too.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from backend.datasets.records.schema import Column

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What can be chosen about an export; recorded in its manifest.

    Args:
        include_metadata: Whether the metadata column is there.
        spreadsheet_safe: CSV only: no cell can act as a formula when a spreadsheet opens the file.
    """

    include_metadata: bool = True
    spreadsheet_safe: bool = True


class BaseExporter(ABC):
    """One file format.

    Args:
        columns: Columns of every row, in order.
        options: What the caller chose.
    """

    format: ClassVar[str]
    extension: ClassVar[str]
    media_type: ClassVar[str]

    def __init__(self, columns: Sequence[Column], options: ExportOptions) -> None:
        self.columns = tuple(columns)
        self.options = options

    @abstractmethod
    def write(self, rows: Iterable[Row], path: Path) -> None:
        """Write rows to a new file; every row has exactly `columns`, none is missing or null."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows of a file that `write` made, as they were given."""

    def notes(self) -> Mapping[str, Any]:
        """What a reader must know, for the manifest."""
        return {}
