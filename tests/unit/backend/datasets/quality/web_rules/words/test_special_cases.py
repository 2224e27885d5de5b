"""Contractions, abbreviations and emoticons have tokens of their own."""

import pytest

from backend.datasets.quality.web_rules.words.special_cases import special_cases


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("don't", ("do", "n't")),
        ("don’t", ("do", "n’t")),
        ("Dont", ("Do", "nt")),
        ("I'ma", ("I", "'m", "a")),
        ("shouldn't've", ("should", "n't", "'ve")),
        ("who'd've", ("who", "'d", "'ve")),
        ("cannot", ("can", "not")),
        ("11pm", ("11", "pm")),
        ("3a.m.", ("3", "a.m.")),
        ("°C.", ("°", "C", ".")),
        ("Ill.", ("Ill.",)),
        ("8)", ("8)",)),
        ("ü.", ("ü.",)),
    ],
)
def test_tokens_of_a_special_case(text: str, tokens: tuple[str, ...]) -> None:
    assert special_cases()[text] == tokens


@pytest.mark.parametrize("text", ["well", "Well", "were", "its", "shed", "13pm", "thats've", "these's", "word"])
def test_words_that_only_look_like_one_are_left_whole(text: str) -> None:
    assert text not in special_cases()


def test_tokens_joined_are_the_text() -> None:
    assert all("".join(tokens) == text and all(tokens) for text, tokens in special_cases().items())
