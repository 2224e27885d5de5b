"""What feedback teaches: a target to learn from, or a pair of a better and a worse answer."""

from dataclasses import dataclass

from shared.models.feedback import FeedbackItem, FeedbackState

DEFAULT_MIN_SCORE = 0.5


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """Two answers to one prompt, of which the first is better: a record for preference training (DPO)."""

    prompt: str
    chosen: str
    rejected: str


def target_of(item: FeedbackItem, *, min_score: float = DEFAULT_MIN_SCORE) -> str | None:
    """The text that a model should learn to answer, None if the item teaches none.

    A correction is a target whatever the score. An answer is one only if it was praised. What the quality check
    rejected never is.

    Args:
        item: As it is stored.
        min_score: Lowest score at which an answer is a target.
    """
    if item.state is not FeedbackState.ACCEPTED:
        return None
    if item.correction is not None:
        return item.correction
    return item.answer if item.score >= min_score else None


def preference_pair_of(item: FeedbackItem) -> PreferencePair | None:
    """The correction over the answer that it corrects.

    None if there is no correction, the model answered nothing, or the item was rejected.
    """
    if item.state is not FeedbackState.ACCEPTED or item.correction is None or not item.answer.strip():
        return None
    return PreferencePair(item.prompt, chosen=item.correction, rejected=item.answer)
