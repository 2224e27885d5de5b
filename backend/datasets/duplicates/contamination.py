"""How much of the evaluation texts stands in the training texts: n-grams of 13 words, as GPT-3 was checked.

An n-gram is shared if the same words stand in the same order in both texts; punctuation, case and white space do not
count, digits and umlauts do. A word of an evaluation text is covered if a shared n-gram goes over it. The share of a
pair is that of covered words among all words of the evaluation text; a pair is reported from a share of one half on.
Below, statutes would be reported for their formulas ("Das Bundesministerium wird ermächtigt, durch Rechtsverordnung
...").

What is shared with any training text adds up in `coverage`, so that a text which is scattered over many is seen too.

Source: Brown et al. 2020, appendix C, https://arxiv.org/abs/2005.14165 (13 words); one half of the words as in
Lambert et al. 2024, https://arxiv.org/abs/2411.15124
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.collecting import batches
from backend.datasets.duplicates.evaluation_index import EvaluationIndex, Matches
from backend.datasets.duplicates.texts import ComparedText

LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of an evaluation text whose n-grams are all shared.

    Args:
        start: First character, in the lower-cased text (the same as in the text, except behind a Turkish İ).
        end: Behind the last character.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a training text gives away of an evaluation text.

    Args:
        ngram_count: N-grams of the evaluation text that are shared.
        share: Covered words of the evaluation text, 0..1.
        passages: What is covered, in order, none touching another.
    """

    training_id: str
    evaluation_id: str
    ngram_count: int
    share: float
    passages: Sequence[Passage]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What all training texts together give away of an evaluation text."""

    evaluation_id: str
    share: float


class ContaminationCheck:
    """Looks for evaluation texts in a stream of training texts; memory is that of the index.

    Args:
        index: Evaluation texts.
        least_share: Pairs below it are not reported.
    """

    def __init__(self, index: EvaluationIndex, *, least_share: float = LEAST_SHARE) -> None:
        self._index = index
        self._least_share = least_share
        self._is_covered = np.zeros(len(index.words.hashes), dtype=bool)

    def overlaps(self, training: Iterable[ComparedText]) -> Iterator[Overlap]:
        """Pairs that share enough, in the order of the training texts; dates and quality mean nothing here."""
        for batch in batches(training):
            matches = self._index.matches([text.text.lower() for text in batch])
            self._cover(matches)
            ids = [text.id for text in batch]
            for pair in _pairs(matches, self._shares(matches), self._least_share):
                yield self._overlap(ids, pair)

    def coverage(self) -> Iterator[Coverage]:
        """Every evaluation text of which something was found so far, in their order."""
        before = np.append(0, np.cumsum(self._is_covered))
        starts, counts = self._index.first_words, self._index.words.counts
        covered = before[starts + counts] - before[starts]
        for number in np.flatnonzero(covered).tolist():
            yield Coverage(self._index.ids[number], int(covered[number]) / int(counts[number]))

    def _cover(self, matches: Matches) -> None:
        firsts, places = np.unique(matches.first_words, return_index=True)
        sizes = self._index.sizes[matches.evaluation[places]]
        for offset in range(int(sizes.max(initial=0))):
            self._is_covered[firsts[sizes > offset] + offset] = True

    def _shares(self, matches: Matches) -> NDArray[np.float64]:
        """Share of every pair of texts, shape (pairs,); of all at once, since most are too small to be looked at."""
        starts = _starts(matches)
        sizes = self._index.sizes[matches.evaluation]
        # a match covers its words, but for those that the next one of its pair covers too
        covered = sizes.copy()
        covered[:-1] = np.where(starts[1:], sizes[:-1], np.minimum(sizes[:-1], np.diff(matches.first_words)))
        firsts = np.flatnonzero(starts)
        # add.reduceat knows no empty array
        totals = np.add.reduceat(covered, firsts) if len(firsts) else covered
        shares: NDArray[np.float64] = totals / self._index.words.counts[matches.evaluation[firsts]]
        return shares

    def _overlap(self, ids: Sequence[str], pair: Matches) -> Overlap:
        """Of the matches of one training text with one evaluation text."""
        number = int(pair.evaluation[0])
        firsts, lasts = _runs(pair.first_words, int(self._index.sizes[number]))
        words = self._index.words
        share = int((lasts - firsts).sum()) / int(words.counts[number])
        passages = zip(words.starts[firsts].tolist(), words.ends[lasts - 1].tolist(), strict=True)
        return Overlap(
            ids[int(pair.training[0])],
            self._index.ids[number],
            len(pair.first_words),
            share,
            tuple(Passage(start, end) for start, end in passages),
        )


def _starts(matches: Matches) -> NDArray[np.bool_]:
    """Which matches are the first of their pair of texts, shape (matches,)."""
    is_new = (np.diff(matches.training) != 0) | (np.diff(matches.evaluation) != 0)
    return np.append(True, is_new)[: len(matches.training)]


def _pairs(matches: Matches, shares: NDArray[np.float64], least_share: float) -> Iterator[Matches]:
    """Matches of one training text with one evaluation text at a time, of pairs whose share is enough."""
    bounds = np.append(np.flatnonzero(_starts(matches)), len(matches.training))
    for pair in np.flatnonzero(shares >= least_share).tolist():
        part = slice(int(bounds[pair]), int(bounds[pair + 1]))
        yield Matches(matches.training[part], matches.evaluation[part], matches.first_words[part])


def _runs(first_words: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First words of covered stretches, and the words behind them; n-grams that touch make one stretch."""
    is_gap = np.diff(first_words) > size
    firsts = first_words[np.append(True, is_gap)]
    lasts = first_words[np.append(is_gap, True)] + size
    return firsts, lasts
