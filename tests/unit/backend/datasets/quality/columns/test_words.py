"""Words of many texts."""

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.columns import TextColumns
from tests.support.plain_quality import Reading

ODD = st.text(st.sampled_from("aAzäß9²½٣ _-'’.\n\u0301中İΣ🙂𝐀\ud800"))
TEXTS = st.lists(ODD | st.text(st.characters()), max_size=6)


@given(TEXTS)
def test_words_are_those_of_the_pattern(texts: list[str]) -> None:
    words, readings = TextColumns(texts).words, list(map(Reading, texts))

    assert words.counts.tolist() == [reading.word_count for reading in readings]
    assert words.lengths.tolist() == [len(word) for reading in readings for word in reading.words]
    assert words.sizes.tolist() == [size for reading in readings for size in reading.word_sizes]
    assert words.text.tolist() == [number for number, each in enumerate(readings) for _ in each.words]


@given(TEXTS)
def test_words_are_equal_whatever_their_case_and_their_text(texts: list[str]) -> None:
    hashes = TextColumns(texts).words.hashes.tolist()
    words = [word for text in texts for word in Reading(text).words]

    assert len(set(hashes)) == len(set(words)) == len(set(zip(hashes, words, strict=True)))


@given(TEXTS)
def test_different_words_are_counted_by_text(texts: list[str]) -> None:
    words = TextColumns(texts).words

    assert words.count(words.groups.one_of_each).tolist() == [len(set(Reading(text).words)) for text in texts]
    assert words.total(words.sizes).tolist() == [sum(Reading(text).word_sizes) for text in texts]


def test_hyphens_and_apostrophes_are_kept_inside_words_only() -> None:
    words = TextColumns(["-Ein Wort-Paar- und O’Neill's 3a--b _x_"]).words

    assert words.lengths.tolist() == [3, 9, 3, 9, 2, 1, 1]
    assert words.sizes.tolist() == [3, 8, 3, 7, 2, 1, 1]
