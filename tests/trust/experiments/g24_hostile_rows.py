"""Hostile rows leave as JSONL, Parquet and CSV and come back as they were; no spreadsheet runs one of their cells.

Rows hold what breaks readers: formulas, quotes, line breaks of every kind, control characters, byte order marks, texts
that look like numbers, dates and nulls, right-to-left marks, combining and astral characters, long texts. Each format
is exported as the service does it, and read back with `json`, `pyarrow` and `csv` alone, without our readers. A
cell is live if a spreadsheet takes it for a formula: its first character that can be seen is = + - @ or a
full-width twin of these, or it begins with a tab or a line break.

Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
from backend.datasets.records.content import json_line
from shared.models.dataset import RecordFormat, Split
from shared.storage import verify_folder
from tests.contracts.exporter_contract import HOSTILE, a_row
from tests.trust.place import Place

FORMATS = ("jsonl", "parquet", "csv")
SEED = 24
_PIECES = (
    *HOSTILE,
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example","klick")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "\t",
    "\r",
    "\n",
    "\u00a0",
    "\u3000",
    "\v",
    "\f",
    "'",
    '"',
    '""',
    ";",
    ",",
    "\\",
    "\x1a",
    "\x7f",
    "\u202e",
    "\ufeff=1",
    "\x00=1",
    "\u200b+1",
    "\u200f",
    "\ufffe",
    "\U0010ffff",
    "é",
    "\u0301",
    "§ 35 Abs. 1",
    "Gebühr",
    "1.000,50",
    "31.12.2024",
    "None",
    "NULL",
    "<script>",
    "%00",
    "{{7*7}}",
    "x" * 5_000,
)
_UNSEEN = " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2003\u2028\u2029\u3000\x00\ufeff\u200b\u200e\u200f\u202e"
_LIVE = frozenset("=+-@＝＋－＠")


def run(place: Place) -> Mapping[str, Any]:
    rows = _hostile_rows(place.scaled(full=10_000, fast=600))
    records = place.folder / "records"
    records.mkdir()
    for split in Split:
        lines = "".join(json_line(row) + "\n" for row in rows) if split is Split.TRAIN else ""
        (records / f"{split}.jsonl").write_text(lines, encoding="utf-8", newline="\n")
    figures = {each: _measured(each, rows, records, place.folder) for each in FORMATS}
    live = figures["csv"]["live_cells"]
    return {
        "rows": len(rows),
        "lossless": sum(each["is_lossless"] for each in figures.values()),
        "same_bytes_twice": sum(each["is_same_twice"] for each in figures.values()),
        "live_cells_of_csv": live,
        "cells_of_csv": figures["csv"]["cells"],
        "cells_that_would_be_live": figures["csv"]["would_be_live"],
        "holds": live == 0 and all(each["is_lossless"] and each["is_same_twice"] for each in figures.values()),
    }


def _hostile_rows(count: int) -> list[dict[str, Any]]:
    """Rows of one to four pieces each, beginning with every piece in turn."""
    chance = random.Random(SEED)
    rows = []
    for number in range(count):
        pieces = [_PIECES[number % len(_PIECES)], *chance.choices(_PIECES, k=chance.randrange(4))]
        rows.append({**a_row(number, "".join(pieces), RecordFormat.TEXT), "record_id": f"r-{number:06d}"})
    return rows


def _measured(export_format: str, rows: Sequence[dict[str, Any]], records: Path, folder: Path) -> dict[str, Any]:
    digests = []
    for name in ("one", "two"):
        target = folder / f"{export_format}-{name}"
        export_dataset(ExportOrder("dataset_1", "Hostile", records, target, export_format, RecordFormat.TEXT))
        digests.append(verify_folder(target).sha256)
    path = folder / f"{export_format}-one" / f"train.{export_format}"
    found = {"jsonl": _json_lines, "parquet": _parquet, "csv": _csv}[export_format](path)
    figures: dict[str, Any] = {"is_lossless": found == list(rows), "is_same_twice": digests[0] == digests[1]}
    return figures | (_liveness(path, rows) if export_format == "csv" else {})


def _json_lines(path: Path) -> list[dict[str, Any]]:
    # as careless readers do it: str.splitlines breaks lines at a dozen characters
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _parquet(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return list(pq.read_table(path).to_pylist())


def _cells(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream, strict=True)


def _csv(path: Path) -> list[dict[str, Any]]:
    """By the notes of the manifest: one leading apostrophe is taken away, nested columns are JSON."""
    kinds = {"metadata": json.loads, "quality_score": float, "relevance_score": float, "document_version": int}
    return [
        {name: kinds[name](cell) if name in kinds else cell.removeprefix("'") for name, cell in row.items()}
        for row in _cells(path)
    ]


def _liveness(path: Path, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    cells = [cell for row in _cells(path) for cell in row.values()]
    texts = [value for row in rows for value in row.values() if isinstance(value, str)]
    return {
        "cells": len(cells),
        "live_cells": sum(map(_is_live, cells)),
        "would_be_live": sum(map(_is_live, texts)),
    }


def _is_live(cell: str) -> bool:
    return cell[:1] in ("\t", "\r", "\n") or cell.lstrip(_UNSEEN)[:1] in _LIVE - {""}
