"""ShareGPT with the description that LLaMA-Factory reads."""

import json
from pathlib import Path

from backend.datasets.export.sharegpt_exporter import ShareGptExporter
from shared.models.dataset import RecordFormat, Split
from tests.contracts.exporter_contract import ExporterContract, a_row
from tests.unit.backend.datasets.export.test_alpaca_exporter import MESSAGES


class TestShareGptExporter(ExporterContract):
    exporter_type = ShareGptExporter
    refused = frozenset({RecordFormat.TEXT})

    def test_people_stand_on_odd_places_and_the_model_on_even_ones(self, tmp_path: Path) -> None:
        row = {**a_row(1, "x", RecordFormat.MESSAGES), "messages": MESSAGES}
        exporter = self.exporter(RecordFormat.MESSAGES)
        exporter.write([row], tmp_path / "x")
        line = json.loads((tmp_path / "x").read_text(encoding="utf-8"))

        assert [turn["from"] for turn in line["conversations"]] == ["human", "gpt", "human", "gpt"]
        assert line["conversations"][3]["value"] == "6 Euro."
        assert line["system"] == "Du hilfst dem Amt."
        assert list(exporter.read(tmp_path / "x")) == [row]

    def test_the_description_names_formatting_columns_and_tags(self) -> None:
        (content,) = self.exporter(RecordFormat.MESSAGES).companions({Split.TRAIN: ["train.jsonl"]}).values()

        assert json.loads(content)["train"] == {
            "file_name": "train.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system"},
            "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
        }
