"""A model of a corpus in one pass: count, measure limits on documents held out, then learn those, too.

A model judges texts of the kinds that it has seen. One of laws alone rejects none of 223 stretches of 30 court
sentences, but 3 % of those of three and 9 % of paragraphs from an encyclopaedia: train on what is to be judged.
"""

from collections.abc import Iterable

from backend.datasets.language.fluency.counting import WordCounts
from backend.datasets.language.fluency.held_out import HeldOut
from backend.datasets.language.fluency.limits import limits_of
from backend.datasets.language.fluency.model import MIN_WORDS, FluencyModel
from backend.datasets.language.fluency.smoothing import MIN_COUNT
from shared.errors import InvalidInput

MIN_HELD_OUT = 200


class CorpusTooSmall(InvalidInput):
    """A corpus has too few texts to tell what is usual in it."""

    code = "corpus_too_small"

    def __init__(self, found: int) -> None:
        super().__init__(
            f"A fluency model needs {MIN_HELD_OUT} texts of {MIN_WORDS} words or more in the fifth of its documents "
            f"that limits are measured on; the corpus has {found}. Train on more documents.",
            found=found,
            needed=MIN_HELD_OUT,
        )


def train(texts: Iterable[tuple[str, str]], language: str = "de") -> FluencyModel:
    """A model of accepted texts; equal for equal texts in any order, as long as `counting` reaches no bound.

    Args:
        texts: Name of the document (all sections of one share it) and normalised text; walked through once.
        language: Of the texts; the model judges others of it alone.

    Raises:
        CorpusTooSmall: If there are not enough texts to measure limits on.
    """
    counts, held_out = WordCounts(), HeldOut()
    for document, text in texts:
        for learnt in held_out.learnt(document, text):
            counts.add(learnt)
    unseen = FluencyModel.of(counts.counted(min_count=MIN_COUNT)).signals_of(held_out.texts)
    if (found := int((unseen.words >= MIN_WORDS).sum())) < MIN_HELD_OUT:
        raise CorpusTooSmall(found)
    limits = limits_of(unseen)
    for text in held_out.texts:
        counts.add(text)
    return FluencyModel.of(counts.counted(min_count=MIN_COUNT), limits, language)
