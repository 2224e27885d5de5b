"""What can be chosen about an export; whatever differs from the default is recorded and has a folder of its own."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self


class Compression(StrEnum):
    """How the files of an export are packed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"

    @property
    def suffix(self) -> str:
        """What is appended to the name of a file."""
        return {Compression.NONE: "", Compression.GZIP: ".gz", Compression.ZSTD: ".zst"}[self]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What can be chosen about an export; recorded in its manifest.

    Args:
        include_metadata: Whether the metadata column is there.
        spreadsheet_safe: CSV only: no cell can act as a formula when a spreadsheet opens the file.
        byte_order_mark: CSV only: begin with U+FEFF, by which Excel knows UTF-8.
        delimiter: CSV only: between cells; a German Excel wants ";".
        compression: JSONL only: how files are packed.
        max_tokens: Longest record that the training will take; how many are longer is counted. None: not counted.
    """

    include_metadata: bool = True
    spreadsheet_safe: bool = True
    byte_order_mark: bool = False
    delimiter: str = ","
    compression: Compression = Compression.NONE
    max_tokens: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The options as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The options from `as_json`."""
        return cls(**{**values, "compression": Compression(values.get("compression", Compression.NONE))})

    @property
    def chosen(self) -> dict[str, Any]:
        """Name -> value of what differs from the default."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) != each.default}

    @property
    def folder_suffix(self) -> str:
        """Appended to the folder of an export, different for different options."""
        words = {
            "include_metadata": "-without-metadata",
            "spreadsheet_safe": "-unguarded",
            "byte_order_mark": "-bom",
            "delimiter": "-semicolon",
            "compression": f"-{self.compression.value}",
            "max_tokens": f"-{self.max_tokens}-tokens",
        }
        return "".join(words[name] for name in self.chosen)
