"""N-grams of evaluation texts, looked up in training texts."""

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.duplicates.evaluation_index import LEAST_WORDS, EvaluationIndex
from backend.datasets.duplicates.texts import ComparedText

WORDS = st.lists(st.sampled_from("abc"), max_size=14)


def _by_definition(training: list[list[str]], evaluation: list[list[str]], size: int) -> list[tuple[int, int, int]]:
    found = set()
    before = 0
    for number, text in enumerate(evaluation):
        own = min(size, len(text))
        for at in range(len(text) - own + 1) if own >= min(LEAST_WORDS, size) else ():
            for place, other in enumerate(training):
                if any(other[n : n + own] == text[at : at + own] for n in range(len(other) - own + 1)):
                    found.add((place, number, before + at))
        before += len(text)
    return sorted(found)


@given(st.lists(WORDS, max_size=4), st.lists(WORDS, max_size=4), st.integers(1, 8))
def test_matches_are_those_of_the_definition(training: list[list[str]], evaluation: list[list[str]], size: int) -> None:
    texts = [ComparedText(str(number), " ".join(words)) for number, words in enumerate(evaluation)]
    index = EvaluationIndex(texts, ngram_words=size)

    found = index.matches([" ".join(words) for words in training])

    columns = (found.training.tolist(), found.evaluation.tolist(), found.first_words.tolist())
    assert list(zip(*columns, strict=True)) == _by_definition(training, evaluation, size)


def test_texts_that_are_too_short_to_be_looked_for_are_named() -> None:
    index = EvaluationIndex(
        [
            ComparedText("empty", ""),
            ComparedText("four", "Wer war Johann Sebastian?"),
            ComparedText("five", "a b c d e"),
        ]
    )

    assert index.unchecked == ["empty", "four"]
