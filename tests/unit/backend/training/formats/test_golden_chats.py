"""The tokens of golden chats, kept beside an adapter."""

import json
import shutil
from pathlib import Path

import pytest

from backend.training.formats.chat_templates import installed_templates
from backend.training.formats.golden_chats import (
    CHATS,
    FILE,
    ChatsWrittenOtherwise,
    load_adapter_tokenizer,
    write_golden_chats,
)
from backend.training.utils.base_model import load_tokenizer


@pytest.fixture
def adapter(tmp_path: Path, tiny_model: Path) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    tokenizer = load_tokenizer(tiny_model)
    tokenizer.save_pretrained(folder)
    write_golden_chats(tokenizer, folder)
    return folder


def test_an_adapter_that_is_as_it_was_loads(adapter: Path) -> None:
    kept = json.loads((adapter / FILE).read_text(encoding="utf-8"))

    tokenizer = load_adapter_tokenizer(adapter)

    assert set(kept["chats"]) == set(CHATS)
    expected = tokenizer.apply_chat_template(CHATS["two questions"].messages, tokenize=True, return_dict=False)
    assert kept["chats"]["two questions"]["token_ids"] == list(expected)


def test_another_template_is_told_by_the_chat_it_writes_otherwise(adapter: Path) -> None:
    (adapter / "chat_template.jinja").write_text(installed_templates()["zephyr"], encoding="utf-8")

    with pytest.raises(ChatsWrittenOtherwise, match="golden chat “one question”"):
        load_adapter_tokenizer(adapter)


def test_a_template_that_was_lost_is_told(adapter: Path) -> None:
    (adapter / "chat_template.jinja").unlink()

    with pytest.raises(ChatsWrittenOtherwise, match="no tokens now"):
        load_adapter_tokenizer(adapter)


def test_a_template_that_is_only_laid_out_otherwise_is_the_same(adapter: Path) -> None:
    file = adapter / "chat_template.jinja"
    file.write_text("{#- by hand -#}" + file.read_text(encoding="utf-8"), encoding="utf-8")

    load_adapter_tokenizer(adapter)


def test_another_vocabulary_is_told_without_any_chat(adapter: Path) -> None:
    file = adapter / "tokenizer.json"
    words = json.loads(file.read_text(encoding="utf-8"))
    words["normalizer"] = {"type": "Lowercase"}
    file.write_text(json.dumps(words), encoding="utf-8")

    with pytest.raises(ChatsWrittenOtherwise, match="golden chat “plain text”"):
        load_adapter_tokenizer(adapter)


def test_an_adapter_of_an_earlier_release_loads(adapter: Path) -> None:
    (adapter / FILE).unlink()

    assert load_adapter_tokenizer(adapter).chat_template


def test_a_copy_is_compared_too(adapter: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(adapter, copy)

    load_adapter_tokenizer(copy)
