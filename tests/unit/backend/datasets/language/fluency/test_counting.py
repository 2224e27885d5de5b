from collections import Counter
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.language.fluency.counting import WordCounts
from backend.datasets.language.fluency.words import COMPOUND, FIRST_WORD, NUMBER, START, is_number, words_of

_TEXTS = st.lists(
    st.lists(st.sampled_from(["ab", "bc", "cd", "de", "12", "f99"]), max_size=8).map(" ".join), max_size=6
)


@given(_TEXTS, st.integers(1, 3))
def test_words_and_pairs_are_counted_as_by_hand(texts: list[str], min_count: int) -> None:
    counts = WordCounts()
    for text in texts:
        counts.add(text)
    counted = counts.counted(min_count=min_count)

    words = Counter(word for text in texts for word in words_of(text) if not is_number(word))
    expected = sorted((w for w in words if words[w] >= min_count), key=lambda w: (-words[w], w))
    assert counted.words == expected
    assert counted.counts.tolist() == [words[word] for word in expected]

    def number(word: str) -> int:
        if is_number(word):
            return NUMBER
        return expected.index(word) + FIRST_WORD if word in expected else COMPOUND

    pairs: Counter[tuple[int, int]] = Counter()
    for text in texts:
        numbers = [START, *map(number, words_of(text))]
        pairs.update(pairwise(numbers))
    found = zip(counted.pairs.first.tolist(), counted.pairs.second.tolist(), strict=True)
    assert dict(zip(found, counted.pairs.counts.tolist(), strict=True)) == pairs


@given(_TEXTS, st.randoms())
def test_counts_do_not_depend_on_the_order_of_texts(texts: list[str], rng: Random) -> None:
    def counted(order: list[str]) -> list[object]:
        counts = WordCounts()
        for text in order:
            counts.add(text)
        result = counts.counted(min_count=1)
        return [result.words, result.counts.tolist(), result.pairs.keys.tolist(), result.pairs.counts.tolist()]

    shuffled = list(texts)
    rng.shuffle(shuffled)
    assert counted(texts) == counted(shuffled)


def test_lumps_without_a_space_are_not_kept_as_words() -> None:
    counts = WordCounts()
    counts.add("ein " + "x" * 1000)
    assert counts.counted(min_count=1).words == ["ein"]


def test_counting_goes_on_after_a_look() -> None:
    counts = WordCounts()
    counts.add("ein Satz")
    assert counts.counted(min_count=1).counts.tolist() == [1, 1]
    counts.add("ein Wort")
    assert counts.counted(min_count=1).words == ["ein", "satz", "wort"]


def test_beyond_its_bounds_late_words_are_rare_and_rare_pairs_go() -> None:
    counts = WordCounts(max_words=2, max_pairs=3)
    counts.add("ab cd ab cd ab ef gh ij")
    counted = counts.counted(min_count=1)
    assert counted.words == ["ab", "cd"]
    assert len(counted.pairs.keys) <= 3
    assert counted.pairs.counts.max() == 2
