"""The quality rules of Gopher in their order: words, marks, lines, letters, stop words.

Source: Rae et al. 2021, https://arxiv.org/abs/2112.11446, table A1; reasons and order of DataTrove 0.10 (Apache-2.0).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.web_rules.batch import Batch
from backend.datasets.quality.web_rules.reasons import Reasons, first_reasons
from backend.datasets.quality.web_rules.vocabulary import STOP_WORDS

LEAST_WORDS, MOST_WORDS = 50, 100_000
LEAST_MEAN_SIZE, MOST_MEAN_SIZE = 3, 10
MOST_SYMBOLS_PER_WORD = 0.1
MOST_BULLET_LINES, MOST_ELLIPSIS_LINES = 0.9, 0.3
LEAST_WITH_LETTER = 0.8
LEAST_STOP_WORDS = 2


def gopher_quality(texts: Sequence[str], batch: Batch) -> Reasons:
    """Why each text is dropped; None where it is kept."""
    return first_reasons(len(texts), _rules(texts, batch))


def _rules(texts: Sequence[str], batch: Batch) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    vocabulary = batch.vocabulary
    is_word = vocabulary.is_word[batch.ids]
    words = batch.sums(is_word.astype(np.int64))
    yield "gopher_short_doc", words < LEAST_WORDS
    yield "gopher_long_doc", words > MOST_WORDS
    # texts without words are short already
    mean_sizes = batch.sums(vocabulary.sizes[batch.ids] * is_word) / np.maximum(words, 1)
    yield "gopher_below_avg_threshold", mean_sizes < LEAST_MEAN_SIZE
    yield "gopher_above_avg_threshold", mean_sizes > MOST_MEAN_SIZE
    tokens = np.maximum(batch.counts, 1)
    yield "gopher_too_many_hashes", _counts(texts, "#") / tokens > MOST_SYMBOLS_PER_WORD
    ellipses = _counts(texts, "...") + _counts(texts, "…")
    yield "gopher_too_many_ellipsis", ellipses / tokens > MOST_SYMBOLS_PER_WORD
    bullets = _counts(texts, "•") + _counts(texts, "-")
    yield "gopher_too_many_bullets", _line_shares(texts, bullets, _has_bullet, MOST_BULLET_LINES)
    yield "gopher_too_many_end_ellipsis", _line_shares(texts, ellipses, _has_ellipsis, MOST_ELLIPSIS_LINES)
    with_letter = batch.sums(vocabulary.has_letter[batch.ids].astype(np.int64))
    yield "gopher_below_alpha_threshold", with_letter / tokens < LEAST_WITH_LETTER
    yield "gopher_enough_stop_words", _different_stop_words(batch) < LEAST_STOP_WORDS


def _counts(texts: Sequence[str], mark: str) -> NDArray[np.int64]:
    return np.array([text.count(mark) for text in texts], np.int64)


def _line_shares(
    texts: Sequence[str], marks: NDArray[np.int64], is_marked: Callable[[str], bool], most: float
) -> NDArray[np.bool_]:
    """Whether too many lines of a text are marked; lines are looked at only where there are marks enough for it."""
    return np.array(
        [
            count > 0 and _share(text.splitlines(), count, is_marked) > most
            for text, count in zip(texts, marks.tolist(), strict=True)
        ],
        bool,
    )


def _share(lines: Sequence[str], marks: int, is_marked: Callable[[str], bool]) -> float:
    if not lines or marks / len(lines) <= min(MOST_BULLET_LINES, MOST_ELLIPSIS_LINES):
        return 0.0
    return sum(map(is_marked, lines)) / len(lines)


def _has_bullet(line: str) -> bool:
    return line.lstrip().startswith(("•", "-"))


def _has_ellipsis(line: str) -> bool:
    return line.rstrip().endswith(("...", "…"))


def _different_stop_words(batch: Batch) -> NDArray[np.int64]:
    numbers = batch.vocabulary.stop_numbers[batch.ids]
    places = np.flatnonzero(numbers)
    cells = batch.texts[places] * (len(STOP_WORDS) + 1) + numbers[places]
    seen = np.bincount(cells, minlength=len(batch.counts) * (len(STOP_WORDS) + 1)) > 0
    different: NDArray[np.int64] = seen.reshape(len(batch.counts), -1).sum(axis=1)
    return different
