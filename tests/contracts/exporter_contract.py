"""What every exporter must do, whatever the file format."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from backend.datasets.export.base import BaseExporter, ExportOptions, NotExportable
from backend.datasets.export.options import Compression
from backend.datasets.records.content import json_bytes
from backend.datasets.records.schema import METADATA_MEMBERS, Kind, columns
from shared.models.dataset import RecordFormat, Split

HOSTILE = (
    "=1+1",
    "+49 30 1234",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'quoted'",
    "''twice",
    " =1",
    'a "quoted" cell, with comma; and semicolon',
    "line\nbreak\r\nand\rmore",
    "\u2028\u2029\x85\u200b\ufeff",
    "NA",
    "null",
    "NaN",
    "1e5",
    "007",
    "2020-01-01",
    "true",
    "",
    " ",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🙂 é e\u0301",
    "\\n \\u2028 \\",
    "{}",
    "[1, 2]",
    "\x00\x01",
)


def a_row(number: int, text: str, record_format: RecordFormat) -> dict[str, Any]:
    """A record whose every text is `text`."""
    content: dict[RecordFormat, dict[str, Any]] = {
        RecordFormat.TEXT: {"text": text},
        RecordFormat.MESSAGES: {
            "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"{text}."}]
        },
        RecordFormat.INSTRUCTION: {"instruction": text, "input": "", "output": f"{text}."},
        RecordFormat.PROMPT_COMPLETION: {"prompt": text, "completion": f"{text}."},
        RecordFormat.PREFERENCE: {"prompt": text, "chosen": f"{text}.", "rejected": f"{text}!"},
    }
    values: dict[Kind, Any] = {Kind.TEXT: text, Kind.INTEGER: number, Kind.TEXT_LIST: [text, "b"]}
    return {
        "record_id": f"r-{number:04d}",
        **content[record_format],
        "metadata": {member.name: values[member.kind] for member in METADATA_MEMBERS},
        "source": text,
        "quality_score": 0.123456 + number / 7,
        "relevance_score": 1.0,
        "document_id": f"doc_{number}",
        "document_version": number,
        "section_id": f"doc_{number}:1:0",
    }


def hostile_rows(record_format: RecordFormat) -> list[dict[str, Any]]:
    """One row per nasty text."""
    return [a_row(number, text, record_format) for number, text in enumerate(HOSTILE)]


def lopsided_rows(record_format: RecordFormat) -> Iterator[list[dict[str, Any]]]:
    """Rows that are nearly all one column, for each that holds texts, with texts that some format makes longer."""
    short = a_row(0, "x", record_format)
    # behind them come numbers and ids
    with_texts = columns(record_format)[1:-5]
    for text in ('"' * 1_000, "Gebühr\n" * 200, "\u2028\x01" * 100):
        long = a_row(0, text, record_format)
        for column in with_texts:
            value = text if column.kind is Kind.TEXT else long[column.name]
            yield [{**short, column.name: value} for _ in range(20)]


class ExporterContract:
    """Subclass it with `exporter_type`, and with the shapes of records that it does not take."""

    exporter_type: ClassVar[type[BaseExporter]]
    refused: ClassVar[frozenset[RecordFormat]] = frozenset()

    @property
    def shape(self) -> RecordFormat:
        """A shape that it takes."""
        return next(each for each in RecordFormat if each not in self.refused)

    def exporter(self, record_format: RecordFormat | None = None, options: ExportOptions | None = None) -> BaseExporter:
        options = options or ExportOptions()
        shape = columns(record_format or self.shape, include_metadata=options.include_metadata)
        return self.exporter_type(shape, options, {"dataset_id": "dataset_1"})

    def test_what_is_written_reads_back_as_it_was(self, tmp_path: Path) -> None:
        for record_format in set(RecordFormat) - self.refused:
            rows = hostile_rows(record_format)
            exporter = self.exporter(record_format)
            exporter.write(iter(rows), tmp_path / record_format)

            found = list(exporter.read(tmp_path / record_format))

            assert found == rows
            assert [list(row) for row in found] == [list(row) for row in rows]

    def test_the_same_rows_are_the_same_bytes(self, tmp_path: Path) -> None:
        rows = hostile_rows(self.shape)
        self.exporter().write(iter(rows), tmp_path / "one")
        self.exporter().write(iter(rows), tmp_path / "two")

        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()

    def test_without_metadata_the_column_is_gone(self, tmp_path: Path) -> None:
        rows = [{name: value for name, value in row.items() if name != "metadata"} for row in hostile_rows(self.shape)]
        exporter = self.exporter(options=ExportOptions(include_metadata=False))
        exporter.write(iter(rows), tmp_path / "x")

        assert list(exporter.read(tmp_path / "x")) == rows

    def test_no_rows_read_back_as_no_rows(self, tmp_path: Path) -> None:
        exporter = self.exporter()
        exporter.write(iter(()), tmp_path / "x")

        assert list(exporter.read(tmp_path / "x")) == []

    def test_rows_are_drawn_as_they_are_written(self, tmp_path: Path) -> None:
        written_early = False

        def rows() -> Any:
            nonlocal written_early
            for number in range(10_500):
                yield a_row(number, "Die Gebühr wird mit dem Bescheid fällig. " * 3, self.shape)
            written_early = (tmp_path / "x").stat().st_size > 0

        self.exporter().write(rows(), tmp_path / "x")

        assert written_early

    def test_shapes_that_it_cannot_hold_are_refused_before_anything_is_written(self) -> None:
        for record_format in self.refused:
            with pytest.raises(NotExportable, match=self.exporter_type.format):
                self.exporter(record_format)

    def test_an_option_of_another_format_is_refused(self) -> None:
        for option, value in {"delimiter": ";", "byte_order_mark": True, "compression": Compression.GZIP}.items():
            if option not in self.exporter_type.own_options:
                with pytest.raises(NotExportable, match=option):
                    self.exporter(options=ExportOptions(**{option: value}))

    def test_every_file_of_every_split_has_a_name_of_its_own(self) -> None:
        names = [self.exporter().file_name(split, number, 3) for split in Split for number in range(3)]

        assert len(set(names)) == 9
        assert all(name.endswith(self.exporter().suffix) and ".." not in name for name in names)

    def test_files_stay_below_the_size_that_growth_promises(self, tmp_path: Path) -> None:
        for record_format in set(RecordFormat) - self.refused:
            exporter = self.exporter(record_format)
            for number, rows in enumerate(lopsided_rows(record_format)):
                file = tmp_path / f"{record_format}-{number}"
                exporter.write(iter(rows), file)
                lines = sum(len(json_bytes(row)) + 1 for row in rows)

                assert file.stat().st_size <= lines * exporter.growth, rows[0]

    def test_it_has_a_format_an_extension_and_a_media_type(self) -> None:
        assert self.exporter_type.format == self.exporter_type.format.lower()
        assert self.exporter_type.extension.isalnum()
        assert "/" in self.exporter_type.media_type
