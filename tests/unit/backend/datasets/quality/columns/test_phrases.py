"""Phrases that come again."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.columns import TextColumns
from backend.datasets.quality.columns.phrases import Phrases, repeated_phrases

WORDS = st.lists(st.sampled_from(["eins", "zwei", "drei"]), max_size=40)


def found_in(texts: list[str], longest: int) -> dict[int, Phrases]:
    words = TextColumns(texts).words
    return dict(repeated_phrases(words, np.ones(len(texts), np.bool_), longest=longest))


@given(st.lists(WORDS, max_size=4))
def test_phrases_are_counted_within_their_text(texts: list[list[str]]) -> None:
    found = found_in([" ".join(words) for words in texts], 4)

    for n in (2, 3, 4):
        counts = [Counter(zip(*(words[at:] for at in range(n)), strict=False)) for words in texts]
        repeated = sorted(count for each in counts for count in each.values() if count > 1)
        assert sorted(found[n].counts.tolist() if n in found else []) == repeated


def test_every_occurrence_but_the_first_is_a_later_one() -> None:
    phrases = found_in(["x y a x y b x y"], 9)[2]

    assert (phrases.n, phrases.first.tolist(), phrases.counts.tolist()) == (2, [0], [3])
    assert phrases.later.tolist() == [3, 6]


def test_phrases_do_not_reach_into_the_next_text() -> None:
    assert found_in(["b a", "b a", "b a a b"], 3) == {}


def test_nothing_is_looked_for_beyond_the_longest() -> None:
    assert list(found_in(["a b c d e a b c d e"], 3)) == [2, 3]


def test_texts_that_are_not_looked_at_repeat_nothing() -> None:
    words = TextColumns(["a b a b", "c d c d"]).words
    ((_, phrases),) = repeated_phrases(words, np.array([False, True]), longest=9)

    assert phrases.first.tolist() == [4]


def test_what_comes_again_is_known_with_its_length_and_distance() -> None:
    sentence = "der rat hat heute beschlossen dass"
    phrases = found_in([" ".join([sentence] * 4), f"{sentence} {sentence} ende", "nein " * 9], 5)[5]

    found = phrases.stretches()

    assert found.starts.tolist() == [0, 24, 37]
    assert found.lengths.tolist() == [18, 6, 8]
    assert found.periods.tolist() == [6, 6, 1]
