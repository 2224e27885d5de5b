"""Instruction sets as they are published, from the file to the adapter."""

import json
from pathlib import Path

import pytest

from backend.training.formats.chat_templates import installed_templates
from backend.training.formats.rows import read_rows
from backend.training.formats.shapes._chat import ChatShape
from backend.training.formats.shapes.alpaca import AlpacaShape
from backend.training.formats.shapes.sharegpt import ShareGptShape
from backend.training.formats.tokenizing import tokenize_file
from backend.training.starter.tokenizer import train_tokenizer
from backend.training.trainers.lora_trainer import LoRATrainer
from tests.support.chat_reference import FAMILIES, expected
from tests.support.chat_tokenizers import TOKENS, chat_tokenizer
from tests.support.shared_data import SHARED_DATA, needs_shared_data
from tests.support.tiny_model import make_tiny_model
from tests.support.training_runs import RecordingReporter, make_context

FOLDER = SHARED_DATA / "instructions"
ALPACA, TOOLS = FOLDER / "alpaca_en_demo.json", FOLDER / "glaive_toolcall_en_demo.json"
PREFERENCES = FOLDER / "dpo_en_demo.json"

pytestmark = needs_shared_data(*(f"instructions/{path.name}" for path in (ALPACA, TOOLS, PREFERENCES)))


@pytest.mark.parametrize(
    ("path", "shape", "records"), [(ALPACA, "alpaca", 999), (TOOLS, "sharegpt", 300), (PREFERENCES, "preference", 300)]
)
def test_every_record_is_read_and_trains_its_answers_only(tmp_path: Path, path: Path, shape: str, records: int) -> None:
    tokenizer = train_tokenizer(iter([path.read_text(encoding="utf-8")]), vocab_size=2000, context_length=8192)
    file = tokenize_file(path, tokenizer, tmp_path, "train")
    assert (file.shape, len(file.lines)) == (shape, records)
    trained = file.records.trained_tokens()
    assert (trained > 0).all()
    assert (trained < file.records.full_lengths).all()


@pytest.mark.parametrize("path", [ALPACA, TOOLS, PREFERENCES])
def test_an_adapter_is_trained_on_them(tmp_path: Path, path: Path) -> None:
    model = make_tiny_model(tmp_path / "model", context_length=16_384)
    settings = {
        "lora": {"r": 4},
        "data": {"validation_split": 0.1},
        "training": {"max_steps": 3, "batch_size": 1, "gradient_accumulation_steps": 4},
    }
    records = tmp_path / "records.json"
    records.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8"))[:30]), encoding="utf-8")
    context = make_context(tmp_path, model, records, config=settings)
    outcome = LoRATrainer().train(context, RecordingReporter())
    assert outcome.steps == 3
    assert (context.adapter_dir / "adapter_model.safetensors").is_file()


WITH_TOOLS = [name for name, family in FAMILIES.items() if family.tools]


@pytest.mark.parametrize("kind", ["byte_level", "blank_always"])
@pytest.mark.parametrize(
    ("path", "shape", "family"),
    [*((ALPACA, AlpacaShape(), name) for name in FAMILIES), *((TOOLS, ShareGptShape(), name) for name in WITH_TOOLS)],
)
def test_every_mask_is_the_expected_one_in_every_chat_format(
    path: Path, shape: ChatShape, family: str, kind: str
) -> None:
    tokenizer = chat_tokenizer(kind, TOKENS[family], template=installed_templates()[family])
    for row in list(read_rows(path))[::4]:
        assert row.record is not None
        chat = shape.chat(row.record)
        rendered = shape.render(row.record, tokenizer)
        wanted = expected(family, tokenizer, chat.messages, chat.tools or ())
        assert (rendered.token_ids, rendered.mask) == wanted, f"record {row.line}"
