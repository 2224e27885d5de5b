"""The repetition rules of Gopher in their order: paragraphs, lines, frequent runs of words, repeated runs of words.

Source: Rae et al. 2021, https://arxiv.org/abs/2112.11446, table A1; reasons and order of DataTrove 0.10 (Apache-2.0).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.web_rules.batch import Batch
from backend.datasets.quality.web_rules.lines import lines_of, paragraphs_of, repeated
from backend.datasets.quality.web_rules.ngrams import most_frequent_characters, repeated_characters
from backend.datasets.quality.web_rules.reasons import Reasons, first_reasons

MOST_REPEATED, MOST_REPEATED_CHARACTERS = 0.3, 0.2
MOST_FREQUENT = {2: 0.2, 3: 0.18, 4: 0.16}
MOST_IN_RUNS = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def gopher_repetition(texts: Sequence[str], batch: Batch) -> Reasons:
    """Why each text is dropped; None where it is kept."""
    reasons = [_reason(text) for text in texts]
    for rules in (_frequent_runs, _repeated_runs):
        # words of texts that are dropped already need not be compared
        left = [number for number, reason in enumerate(reasons) if reason is None]
        is_left = np.zeros(len(texts), bool)
        is_left[left] = True
        found = first_reasons(len(left), rules(batch.only(is_left)))
        for number, reason in zip(left, found, strict=True):
            reasons[number] = reason
    return reasons


def _reason(text: str) -> str | None:
    if not text:
        return "empty"
    for pieces, name in ((paragraphs_of(text), "para"), (lines_of(text), "line")):
        count, characters = repeated(pieces)
        if count / len(pieces) > MOST_REPEATED:
            return f"dup_{name}_frac"
        if characters / len(text) > MOST_REPEATED_CHARACTERS:
            return f"dup_{name}_char_frac"
    return None


def _frequent_runs(batch: Batch) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for size, characters in most_frequent_characters(batch, list(MOST_FREQUENT)):
        yield f"top_{size}_gram", characters / batch.text_sizes > MOST_FREQUENT[size]


def _repeated_runs(batch: Batch) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for size, characters in repeated_characters(batch, list(MOST_IN_RUNS.items())):
        yield f"duplicated_{size}_n_grams", characters / batch.text_sizes > MOST_IN_RUNS[size]
