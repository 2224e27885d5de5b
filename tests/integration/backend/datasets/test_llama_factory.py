"""LLaMA-Factory reads the Alpaca and ShareGPT exports as the conversations that they are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
from backend.datasets.records.content import json_line
from shared.models.dataset import RecordFormat, Split
from tests.contracts.exporter_contract import HOSTILE, a_row
from tests.support import llama_factory

pytestmark = pytest.mark.skipif(not llama_factory.PYTHON, reason=llama_factory.MISSING)

# its loader reads JSON through pyarrow: a text that only consists of white space is no answer
TEXTS = [text for text in HOSTILE if text.strip()]


def _conversations() -> list[dict[str, Any]]:
    rows = []
    for number, text in enumerate(TEXTS):
        turns = [("user", f"Frage {text}"), ("assistant", text)] * (1 + number % 3)
        if number % 2:
            turns.insert(0, ("system", "Du hilfst dem Amt."))
        messages = [{"role": role, "content": content} for role, content in turns]
        rows.append({**a_row(number, "amt", RecordFormat.MESSAGES), "messages": messages})
    return rows


def _exported(folder: Path, rows: list[dict[str, Any]], record_format: RecordFormat, **order: Any) -> Path:
    records = folder / "records"
    records.mkdir()
    for split in Split:
        lines = "".join(json_line(row) + "\n" for row in rows) if split is Split.TRAIN else ""
        (records / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    target = folder / "export"
    plain = ExportOrder("dataset_1", "Satzungen", records, target, order.pop("export_format"), record_format)
    export_dataset(replace(plain, **order))
    return target


@pytest.mark.parametrize("export_format", ["alpaca", "sharegpt"])
@pytest.mark.parametrize("shard_bytes", [10_000, 500_000_000])
def test_conversations_arrive_turn_by_turn(export_format: str, shard_bytes: int, tmp_path: Path) -> None:
    rows = _conversations()
    folder = _exported(tmp_path, rows, RecordFormat.MESSAGES, export_format=export_format, shard_bytes=shard_bytes)
    found = llama_factory.loaded(folder, "train", tmp_path / "cache")

    expected = []
    for row in rows:
        has_system = row["messages"][0]["role"] == "system"
        turns = row["messages"][has_system:]
        system = row["messages"][0]["content"] if has_system else ""
        expected.append({"prompt": turns[:-1], "response": turns[-1:], "system": system})
    # files of a folder come in the order of the operating system
    assert sorted(found, key=repr) == sorted(expected, key=repr)


@pytest.mark.parametrize("export_format", ["alpaca", "sharegpt"])
def test_prompts_arrive_with_their_completions(export_format: str, tmp_path: Path) -> None:
    rows = [a_row(number, text, RecordFormat.PROMPT_COMPLETION) for number, text in enumerate(TEXTS)]
    folder = _exported(tmp_path, rows, RecordFormat.PROMPT_COMPLETION, export_format=export_format)
    found = llama_factory.loaded(folder, "train", tmp_path / "cache")

    assert [(each["prompt"], each["response"]) for each in found] == [
        ([{"role": "user", "content": row["prompt"]}], [{"role": "assistant", "content": row["completion"]}])
        for row in rows
    ]
