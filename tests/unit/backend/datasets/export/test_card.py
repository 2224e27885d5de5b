"""The card tells people and libraries what an export is."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
from backend.datasets.records.content import json_line
from shared.models.dataset import RecordFormat, Split
from shared.storage import stage
from tests.contracts.exporter_contract import a_row

RECORDS = {
    "content_sha256": "c" * 64,
    "quality_profile": "legal-de-1+abc",
    "quality": {"language": "de", "limits": []},
    "personal_data_policy": "default-1",
    "split": {
        "algorithm": "blake2b(path + seed) mod 10^6",
        "seed": 42,
        "shares": {"train": 0.8, "validation": 0.1, "test": 0.1},
    },
}
STATISTICS = {
    "sections": {"found": 12, "kept": 9, "dropped": {"stub": 2, "duplicate": 1}},
    "split_leak": {"documents": 0, "texts": 0},
}


def _row(number: int, text: str, *, source: str, licence: str) -> dict[str, Any]:
    row = a_row(number, text, RecordFormat.TEXT)
    return {**row, "source": source, "metadata": {**row["metadata"], "licence": licence}}


@pytest.fixture
def records_dir(tmp_path: Path) -> Path:
    rows = {
        Split.TRAIN: [_row(n, "Die Gebühr.", source="amt | <b>", licence="") for n in range(3)],
        Split.VALIDATION: [],
        Split.TEST: [_row(9, "Der Antrag.", source="stadt", licence="§ 5 UrhG")],
    }
    with stage(tmp_path / "records") as staged:
        for split, part in rows.items():
            lines = "".join(json_line(row) + "\n" for row in part)
            (staged.path / f"{split}.jsonl").write_text(lines, encoding="utf-8")
        staged.publish(RECORDS)
    return tmp_path / "records"


def _card(records_dir: Path, export_format: str) -> tuple[dict[str, Any], str]:
    order = ExportOrder(
        "dataset_1",
        "Satzungen: 2026",
        records_dir,
        records_dir.parent / export_format,
        export_format,
        RecordFormat.TEXT,
        description="Für das Bürgerbüro.",
        request={"search_query": {"query_text": "Gebühr", "top_k": 100, "filters": {"source": ["amt"]}}},
        statistics=lambda: STATISTICS,
    )
    export_dataset(order)
    _, header, body = (order.target / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(header), body


def test_the_header_names_files_features_and_sizes(records_dir: Path) -> None:
    header, _ = _card(records_dir, "huggingface")

    assert (header["pretty_name"], header["language"], header["license"]) == ("Satzungen: 2026", ["de"], "other")
    assert header["size_categories"] == ["n<1K"]
    assert header["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train-00000-of-00001.parquet"},
        {"split": "test", "path": "data/test-00000-of-00001.parquet"},
    ]
    info = header["dataset_info"]
    assert [each["num_examples"] for each in info["splits"]] == [3, 1]
    assert info["dataset_size"] == sum(each["num_bytes"] for each in info["splits"])
    assert info["features"][1] == {"name": "text", "dtype": "string"}


def test_files_with_other_columns_than_the_records_name_no_features(records_dir: Path) -> None:
    assert "features" not in _card(records_dir, "csv")[0]["dataset_info"]


def test_the_body_accounts_for_what_is_in_it_and_what_is_not(records_dir: Path) -> None:
    _, body = _card(records_dir, "jsonl")

    for line in (
        "Für das Bürgerbüro.",
        "| query_text | Gebühr |",
        "| filters | source: amt |",
        "12 sections were found, 9 of them were kept.",
        "| duplicate | 1 |",
        "| stub | 2 |",
        "Policy: `default-1`.",
        "| validation | 0 |",
        "seed 42, shares train 0.8, validation 0.1, test 0.1.",
        "documents 0, texts 0 in two.",
        f"| records of the dataset (its version) | {'c' * 64} |",
    ):
        assert line in body


def test_words_of_a_source_cannot_break_the_table_or_become_markup(records_dir: Path) -> None:
    _, body = _card(records_dir, "jsonl")

    assert "| amt \\| &lt;b> | not stated | 3 |" in body
    assert "| stadt | § 5 UrhG | 1 |" in body
