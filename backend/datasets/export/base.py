"""The contract of an export format: write rows to files, read the same rows back.

A new format is one new file `<name>_exporter.py` in this folder with one subclass of `BaseExporter`; the registry finds
it by its `format`. What is written must be lossless, the same bytes for the same rows, and use flat memory; libraries
such as pyarrow are imported inside functions, because the service process reads this module too.

An exporter writes one file at a time. `publish` decides where one file ends and the next one begins (by `growth`),
names them as the exporter says, and adds what the exporter wants beside them.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from backend.datasets.export.options import ExportOptions
from backend.datasets.records.schema import Column
from shared.errors import InvalidInput
from shared.models.dataset import Split

__all__ = ["BaseExporter", "ExportOptions", "NotExportable", "Row"]

Row = Mapping[str, Any]


class NotExportable(InvalidInput):
    """A format cannot hold these records, or knows nothing of an option."""

    code = "not_exportable"

    def __init__(self, export_format: str, reason: str) -> None:
        super().__init__(f"An export as {export_format} is not possible: {reason}.", format=export_format)


class BaseExporter(ABC):
    """One file format.

    Args:
        columns: Columns of every row, in order.
        options: What the caller chose.
        about: Short facts about the dataset that a file can carry in itself (id, version, profile).

    Raises:
        NotExportable: If the format cannot hold such rows, or an option is none of its own.
    """

    format: ClassVar[str]
    extension: ClassVar[str]
    media_type: ClassVar[str]
    own_options: ClassVar[frozenset[str]] = frozenset()
    """Options besides those that every format has."""
    growth: float = 1.0
    """Most bytes of a file per byte of its rows as JSON lines, whatever they hold; keeps shards below their limit."""
    has_record_columns: ClassVar[bool] = False
    """Whether readers of the files see the columns of the records with their types."""

    def __init__(
        self, columns: Sequence[Column], options: ExportOptions, about: Mapping[str, str] | None = None
    ) -> None:
        self.columns = tuple(columns)
        self.options = options
        self.about = dict(about or {})
        foreign = set(options.chosen) - _COMMON_OPTIONS - self.own_options
        if foreign:
            raise NotExportable(self.format, f"it has no option {', '.join(sorted(foreign))}")
        if reason := self.reason_against(self.columns):
            raise NotExportable(self.format, reason)

    @classmethod
    def reason_against(cls, columns: Sequence[Column]) -> str | None:
        """Why rows of these columns cannot be written; None if they can."""
        del columns
        return None

    @abstractmethod
    def write(self, rows: Iterable[Row], path: Path) -> None:
        """Write rows to a new file; every row has exactly `columns`, none is missing or null."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows of a file that `write` made, as they were given."""

    @property
    def suffix(self) -> str:
        """How the names of its files end."""
        return f".{self.extension}"

    def file_name(self, split: Split, number: int, count: int) -> str:
        """Path of a file below the folder of the export.

        Args:
            split: What it holds.
            number: From 0.
            count: Files of the split.
        """
        return f"{split.value}{self.suffix}" if count == 1 else f"{shard_name(split, number, count)}{self.suffix}"

    def companions(self, files: Mapping[Split, Sequence[str]]) -> Mapping[str, str]:
        """Further files, name -> content, that readers of this format look for.

        Args:
            files: Names of the files of every split, in order.
        """
        del files
        return {}

    def notes(self) -> Mapping[str, Any]:
        """What a reader must know, for the manifest."""
        return {}


# `spreadsheet_safe` stands in the contract for every format and changes CSV alone
_COMMON_OPTIONS = frozenset({"include_metadata", "spreadsheet_safe", "max_tokens"})


def shard_name(split: Split, number: int, count: int) -> str:
    """The name that dataset hubs give to file `number` (from 0) of `count`, without its extension."""
    return f"{split.value}-{number:05d}-of-{count:05d}"
