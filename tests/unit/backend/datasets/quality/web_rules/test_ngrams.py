"""Runs of words that come again, beside a plain reading of the rules."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.web_rules.batch import batch_of
from backend.datasets.quality.web_rules.ngrams import most_frequent_characters, repeated_characters
from backend.datasets.quality.web_rules.vocabulary import Vocabulary

WORDS = st.lists(st.sampled_from(["a", "b", "ab", "ba", "aba"]), max_size=40)
BATCHES = st.lists(WORDS, max_size=5)


def _most_frequent(words: Sequence[str], size: int) -> int:
    runs = Counter(" ".join(words[first : first + size]) for first in range(len(words) - size + 1))
    run, count = runs.most_common(1)[0] if runs else ("", 0)
    return len(run) * count


def _repeated(words: Sequence[str], size: int) -> int:
    met, characters, first = set(), 0, 0
    while first + size <= len(words):
        run = "".join(words[first : first + size])
        if run in met:
            characters, first = characters + len(run), first + size
        else:
            met.add(run)
            first += 1
    return characters


@given(BATCHES)
def test_the_most_frequent_run_is_that_of_a_plain_count(batches: list[list[str]]) -> None:
    batch = batch_of([" ".join(words) for words in batches], Vocabulary())
    for size, characters in most_frequent_characters(batch, (2, 3, 4)):
        assert characters.tolist() == [_most_frequent(words, size) for words in batches]


@given(BATCHES)
def test_repeated_runs_are_those_of_a_plain_reading(batches: list[list[str]]) -> None:
    batch = batch_of([" ".join(words) for words in batches], Vocabulary())
    for size, characters in repeated_characters(batch, [(size, 0.0) for size in (2, 3, 5)]):
        assert characters.tolist() == [_repeated(words, size) for words in batches]


@given(BATCHES, st.floats(0, 1))
def test_whether_a_limit_is_exceeded_is_always_told(batches: list[list[str]], limit: float) -> None:
    batch = batch_of([" ".join(words) for words in batches], Vocabulary())
    for size, characters in repeated_characters(batch, [(3, limit)]):
        told = [found > limit * len(" ".join(words)) for found, words in zip(characters.tolist(), batches, strict=True)]
        assert told == [_repeated(words, size) > limit * len(" ".join(words)) for words in batches]
