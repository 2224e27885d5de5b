"""Tokenizers by the name of a base model: found below the configured folders only, counted exactly."""

from pathlib import Path

import pytest

from backend.datasets.trained_tokens import (
    UnknownTokenizer,
    UnusableTokenizer,
    counter_of,
    known_tokenizers,
    tokenizer_file,
)
from tests.support import chat_tokenizers
from tests.support.legal_texts import GOOD


@pytest.mark.parametrize("kind", chat_tokenizers.KINDS)
def test_a_count_is_that_of_the_library_that_trains(kind: str, tmp_path: Path) -> None:
    chat_tokenizers.tokenizer_file(tmp_path / "modell", kind)
    counter = counter_of("modell", [tmp_path])
    trained = chat_tokenizers.chat_tokenizer(kind, ())

    for text in (GOOD, "", "Übermaß §§ 1, 2", "­ \n\n x"):
        assert counter.count(text) == len(trained(text, add_special_tokens=False)["input_ids"])


def test_the_name_of_a_counter_says_which_file_it_was(tmp_path: Path) -> None:
    for folder, kind in (("eins", "byte_level"), ("zwei", "blank_first")):
        chat_tokenizers.tokenizer_file(tmp_path / folder / "modell", kind)
    names = [counter_of("modell", [tmp_path / folder]).name for folder in ("eins", "zwei")]

    assert all(name.startswith("modell@") for name in names)
    assert names[0] != names[1]


def test_without_a_name_words_and_marks_are_counted() -> None:
    assert counter_of(None, []).name == counter_of("unicode-words-1", []).name == "unicode-words-1"


@pytest.mark.parametrize("asked", ["../modell", "/etc", "modell/..", "", "a" * 500, "weg/modell", "model"])
def test_nothing_outside_of_the_folders_is_found(asked: str, tmp_path: Path) -> None:
    chat_tokenizers.tokenizer_file(tmp_path / "models" / "modell", "byte_level")
    chat_tokenizers.tokenizer_file(tmp_path / "fremd" / "modell", "byte_level")
    (tmp_path / "models" / "weg").symlink_to(tmp_path / "fremd")

    with pytest.raises(UnknownTokenizer, match="there are: unicode-words-1, modell"):
        tokenizer_file(asked, [tmp_path / "models"])


def test_a_mistyped_name_is_guessed(tmp_path: Path) -> None:
    chat_tokenizers.tokenizer_file(tmp_path / "starter", "byte_level")

    assert known_tokenizers([tmp_path, tmp_path / "none"]) == ["unicode-words-1", "starter"]
    with pytest.raises(UnknownTokenizer, match="Did you mean 'starter'"):
        tokenizer_file("startr", [tmp_path])


def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    (tmp_path / "modell").mkdir()
    (tmp_path / "modell" / "tokenizer.json").write_text('{"model": 1}', encoding="utf-8")

    with pytest.raises(UnusableTokenizer, match="base model 'modell'"):
        counter_of("modell", [tmp_path])
