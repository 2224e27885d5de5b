"""Words of many texts at once: the same words that the quality filters see, each with a number of its own."""

import re
import sys

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from backend.datasets.duplicates import words as words_module
from backend.datasets.duplicates.words import words_of
from tests.support.plain_quality import Reading

WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
TEXTS = st.lists(
    st.text(st.sampled_from("abäßİ²3-'’_ .\n§\u0301\ud800𝒜"), max_size=30) | st.text(max_size=30), max_size=8
)


@given(TEXTS)
@example(["", "", "a", ""])
@example(["a-b--c -d e-", "’n Auto", "a'-b", "x_y"])
def test_words_are_those_that_the_quality_filters_see_at_the_places_where_they_stand(texts: list[str]) -> None:
    found = words_of([text.lower() for text in texts])

    assert found.counts.tolist() == [Reading(text).word_count for text in texts]
    spans = list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
    assert spans == [match.span() for text in texts for match in WORD.finditer(text.lower())]


@given(TEXTS)
def test_two_words_have_the_same_hash_only_if_they_are_the_same_word(texts: list[str]) -> None:
    read = [word for text in texts for word in Reading(text).words]
    hashes = words_of([text.lower() for text in texts]).hashes.tolist()

    assert len(set(zip(read, hashes, strict=True))) == len(set(read)) == len(set(hashes))


def test_letters_digits_and_joiners_are_told_apart_for_every_code_point() -> None:
    kinds = words_module._kinds()
    every = map(chr, range(sys.maxunicode + 1))

    wrong = [
        each for each, kind in zip(every, kinds.tolist(), strict=True) if (kind == 1) != bool(WORD.fullmatch(each))
    ]

    assert wrong == []


def test_a_text_longer_than_a_window_has_the_words_of_its_parts() -> None:
    window = 1 << words_module._WINDOW_BITS
    part = "Die Gebühr nach § 3 Absatz 2 beträgt 15-20 Euro. "
    text = (part * (window // len(part) + 50) + "x" * (2 * window) + " ende").lower()

    long, short = words_of([text]), words_of([part.lower()])

    assert long.counts.tolist() == [Reading(text).word_count]
    assert long.hashes[: -(len(long.hashes) % len(short.hashes))].reshape(-1, len(short.hashes))[-1].tolist() == (
        short.hashes.tolist()
    )
    assert text[long.starts[-1] : long.ends[-1]] == "ende"


def test_permuted_letters_digits_and_umlauts_make_other_words() -> None:
    words = ["schon", "schön", "3", "8", "ab", "ba", "lager", "regal", "a", "aa", "aaa", "35a", "35b"]

    assert len(np.unique(words_of(words).hashes)) == len(words)
