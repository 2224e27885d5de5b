"""The catalogue of sentences."""

import re
from pathlib import Path
from string import Formatter

import pytest

from frontend.cli import texts
from frontend.cli.texts import TEXTS, language, text
from shared.models.job import AttemptOutcome

SOURCES = [path.read_text(encoding="utf-8") for path in Path(texts.__file__).parent.glob("*.py")]


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_something_with_fields_of_the_english_sentence(key: str) -> None:
    english, german = TEXTS[key]
    assert english.strip()
    assert german.strip()
    assert fields(german) <= fields(english)


def test_every_sentence_is_used_and_every_used_sentence_exists() -> None:
    literal = {key for source in SOURCES for key in re.findall(r'"((?:[a-z]+\.)[a-z_]+|error)"', source)}
    by_rule = {f"doctor.{state}" for state in ("ok", "hint", "missing")}
    by_rule |= {f"outcome.{outcome}" for outcome in AttemptOutcome}
    assert set(TEXTS) - literal - by_rule == set()
    asked = {key for source in SOURCES for key in re.findall(r'\btext\(\s*"([a-z_.]+)"', source)}
    assert asked - set(TEXTS) == set()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CLARA_LANG": "de"}, "de"),
        ({"CLARA_LANG": "en", "LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_follows_the_users_wish_before_the_locale(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CLARA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    language.cache_clear()
    assert language() == expected


def test_braces_in_a_value_are_harmless() -> None:
    assert "{x}" in text("dataset.failed", dataset_id="{x}", reason="y")
