"""What the chat formats have in common: one JSON object per line, whose content columns have other names and forms.

All other columns of a record stay beside them under their own names: nothing is lost, every line names its source. The
loaders of these formats read the columns that `dataset_info.json` names and leave the rest.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from backend.datasets.export.base import BaseExporter, ExportOptions, Row, shard_name
from backend.datasets.records.content import json_lines
from backend.datasets.records.schema import REAL_COLUMNS, Column
from shared.models.dataset import Split

INFO_FILE = "dataset_info.json"

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """How records of one shape stand in a chat format.

    Args:
        written: A record -> members of its line that stand for the content.
        read: A line -> the content columns of its record.
        described: How `dataset_info.json` describes the members.
        growth: As of `BaseExporter`; the names of members differ from those of columns by a few letters.
    """

    written: Callable[[Content], dict[str, Any]]
    read: Callable[[Content], dict[str, Any]]
    described: Mapping[str, Any]
    growth: float = 1.25


Forms = Mapping[tuple[str, ...], Form]
"""Content columns of a shape, in order -> its form."""


class ChatExporter(BaseExporter):
    """A chat format; a subclass says how each shape of records stands in it. Not installed by itself."""

    extension = "jsonl"
    media_type = "application/x-ndjson"
    forms: ClassVar[Forms]

    def __init__(
        self, columns: Sequence[Column], options: ExportOptions, about: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(columns, options, about)
        self.growth = self._own[1].growth

    @classmethod
    def reason_against(cls, columns: Sequence[Column]) -> str | None:
        """A running text asks nothing and answers nothing."""
        if cls._shape(columns) is None:
            return "the records hold no questions with answers; build the dataset with another record format"
        return None

    def write(self, rows: Iterable[Row], path: Path) -> None:
        """One line per row; the content stands where it stood in the record."""
        shape, form = self._own
        with path.open("wb", buffering=1 << 20) as stream:
            for row in rows:
                line: dict[str, Any] = {}
                for name, value in row.items():
                    if name == shape[0]:
                        line.update(form.written(row))
                    elif name not in shape:
                        line[name] = value
                stream.write(json_lines([line], reals=REAL_COLUMNS))

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows in order, as the records were."""
        _, form = self._own
        with path.open("rb") as stream:
            for line in stream:
                found = json.loads(line)
                content = form.read(found)
                yield {each.name: content.get(each.name, found.get(each.name)) for each in self.columns}

    def file_name(self, split: Split, number: int, count: int) -> str:
        """Several files of a split lie in a folder of their own, which LLaMA-Factory reads as one dataset."""
        plain = super().file_name(split, number, count)
        return plain if count == 1 else f"{split.value}/{shard_name(split, number, count)}{self.suffix}"

    def companions(self, files: Mapping[Split, Sequence[str]]) -> Mapping[str, str]:
        """The description by which LLaMA-Factory finds the splits: `--dataset_dir FOLDER --dataset train`."""
        _, form = self._own
        info = {
            split.value: {"file_name": names[0] if len(names) == 1 else split.value, **form.described}
            for split, names in files.items()
            if names
        }
        return {INFO_FILE: json.dumps(info, ensure_ascii=False, indent=2) + "\n"}

    @property
    def _own(self) -> tuple[tuple[str, ...], Form]:
        shape = self._shape(self.columns)
        # the constructor refused columns without a form
        assert shape is not None  # noqa: S101
        return shape, self.forms[shape]

    @classmethod
    def _shape(cls, columns: Sequence[Column]) -> tuple[str, ...] | None:
        names = {column.name for column in columns}
        # the longer one first: a preference has a prompt too
        return next((shape for shape in sorted(cls.forms, key=len, reverse=True) if names.issuperset(shape)), None)
