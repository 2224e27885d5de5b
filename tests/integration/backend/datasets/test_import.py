"""What an export holds is what other tools read: pyarrow, pandas and duckdb, with rows and types, offline."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.export.options import Compression, ExportOptions
from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
from backend.datasets.records.content import json_line
from shared.models.dataset import RecordFormat, Split
from tests.contracts.exporter_contract import hostile_rows

ROWS = {record_format: hostile_rows(record_format) for record_format in RecordFormat}


@pytest.fixture(params=list(RecordFormat))
def record_format(request: pytest.FixtureRequest) -> RecordFormat:
    return RecordFormat(request.param)


@pytest.fixture
def exported(tmp_path: Path, record_format: RecordFormat) -> Any:
    """Writes an export of the hostile rows whose texts say something, and returns its train file."""
    rows = [row for row in ROWS[record_format] if str(row["source"]).strip()]
    records = tmp_path / "records"
    records.mkdir()
    for split in Split:
        lines = "".join(json_line(row) + "\n" for row in rows) if split is Split.TRAIN else ""
        (records / f"{split}.jsonl").write_text(lines, encoding="utf-8")

    def export(export_format: str, **options: Any) -> tuple[Path, list[dict[str, Any]]]:
        folder = tmp_path / "export"
        chosen = ExportOptions(**options)
        export_dataset(ExportOrder("dataset_1", "x", records, folder, export_format, record_format, options=chosen))
        return next(folder.rglob("train*")), rows

    return export


@pytest.mark.parametrize("export_format", ["parquet", "huggingface"])
def test_pyarrow_reads_parquet(exported: Any, export_format: str) -> None:
    import pyarrow.parquet as pq

    path, rows = exported(export_format)

    assert pq.read_table(path).to_pylist() == rows


def test_pandas_reads_parquet(exported: Any) -> None:
    import pandas as pd

    path, rows = exported("parquet")
    frame = pd.read_parquet(path)

    assert [_plain(row) for row in frame.to_dict("records")] == rows
    assert str(frame["document_version"].dtype) == "int64"
    assert str(frame["quality_score"].dtype) == "float64"


def test_pandas_reads_json_lines(exported: Any) -> None:
    import pandas as pd

    path, rows = exported("jsonl")
    # left to itself, pandas takes ids and names for dates
    frame = pd.read_json(path, lines=True, dtype=False, precise_float=True)

    assert frame.to_dict("records") == rows


@pytest.mark.parametrize("compression", list(Compression))
def test_duckdb_reads_json_lines_packed_or_not(exported: Any, compression: Compression) -> None:
    path, rows = exported("jsonl", compression=compression)

    assert _duckdb(f"SELECT * FROM read_json('{path}', format='newline_delimited')") == rows


def test_duckdb_reads_parquet(exported: Any) -> None:
    path, rows = exported("parquet")

    assert _duckdb(f"SELECT * FROM '{path}'") == rows


@pytest.mark.parametrize("options", [{}, {"spreadsheet_safe": False}, {"delimiter": ";", "byte_order_mark": True}])
def test_csv_is_read_by_the_notes_of_its_manifest(exported: Any, options: dict[str, Any]) -> None:
    path, rows = exported("csv", **options)
    notes = json.loads((path.parent / "manifest.json").read_text(encoding="utf-8"))["properties"]["notes"]
    encoding = "utf-8-sig" if notes["byte_order_mark"] else "utf-8"
    with path.open(encoding=encoding, newline="") as stream:
        found = [_by_notes(row, notes) for row in csv.DictReader(stream, delimiter=notes["delimiter"])]

    nested = notes["json_columns"]
    assert found == [{name: each if name in nested else str(each) for name, each in row.items()} for row in rows]


def test_pandas_and_duckdb_read_csv_cell_by_cell(exported: Any) -> None:
    import pandas as pd

    path, rows = exported("csv", spreadsheet_safe=False)
    texts = [name for name, value in rows[0].items() if isinstance(value, str)]
    expected = [{name: row[name] for name in texts} for row in rows]
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    # both take an empty text for a missing one unless they are told
    options = f"""all_varchar=true, quote='"', escape='"', header=true, force_not_null={texts}"""

    assert frame[texts].to_dict("records") == expected
    found = _duckdb(f"SELECT * FROM read_csv('{path}', {options})")
    assert [{name: row[name] for name in texts} for row in found] == expected


def _duckdb(query: str) -> list[dict[str, Any]]:
    import duckdb

    with duckdb.connect() as database:
        cursor = database.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _plain(value: Any) -> Any:
    """Values without numpy's arrays and numbers."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _by_notes(row: dict[str, str], notes: dict[str, Any]) -> dict[str, Any]:
    nested = notes["json_columns"]
    return {
        name: json.loads(cell)
        if name in nested
        else cell.removeprefix("'")
        if notes["remove_one_leading_apostrophe"]
        else cell
        for name, cell in row.items()
    }
