"""Alpaca with the description that LLaMA-Factory reads."""

import json
from pathlib import Path

from backend.datasets.export.alpaca_exporter import AlpacaExporter
from shared.models.dataset import RecordFormat, Split
from tests.contracts.exporter_contract import ExporterContract, a_row

MESSAGES = [
    {"role": "system", "content": "Du hilfst dem Amt."},
    {"role": "user", "content": "Was kostet es?"},
    {"role": "assistant", "content": "12 Euro."},
    {"role": "user", "content": "Und ermäßigt?"},
    {"role": "assistant", "content": "6 Euro."},
]


class TestAlpacaExporter(ExporterContract):
    exporter_type = AlpacaExporter
    refused = frozenset({RecordFormat.TEXT})

    def test_earlier_turns_are_the_history_and_the_system_stands_apart(self, tmp_path: Path) -> None:
        row = {**a_row(1, "x", RecordFormat.MESSAGES), "messages": MESSAGES}
        exporter = self.exporter(RecordFormat.MESSAGES)
        exporter.write([row], tmp_path / "x")
        line = json.loads((tmp_path / "x").read_text(encoding="utf-8"))

        assert (line["instruction"], line["input"], line["output"]) == ("Und ermäßigt?", "", "6 Euro.")
        assert line["history"] == [["Was kostet es?", "12 Euro."]]
        assert line["system"] == "Du hilfst dem Amt."
        assert (line["source"], line["document_version"]) == ("x", 1)
        assert list(exporter.read(tmp_path / "x")) == [row]

    def test_the_description_names_every_split_that_has_files(self) -> None:
        files = {Split.TRAIN: ["train/a", "train/b"], Split.VALIDATION: [], Split.TEST: ["test.jsonl"]}
        (content,) = self.exporter(RecordFormat.PROMPT_COMPLETION).companions(files).values()

        assert json.loads(content) == {
            "train": {
                "file_name": "train",
                "columns": {"prompt": "instruction", "query": "input", "response": "output"},
            },
            "test": {
                "file_name": "test.jsonl",
                "columns": {"prompt": "instruction", "query": "input", "response": "output"},
            },
        }
