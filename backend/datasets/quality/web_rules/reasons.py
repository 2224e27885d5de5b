"""The first rule that a text breaks names the reason."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Reasons = list[str | None]


def first_reasons(count: int, rules: Iterable[tuple[str, NDArray[np.bool_]]]) -> Reasons:
    """Per text the first reason, in the order of the rules, that holds for it.

    Args:
        count: Texts.
        rules: Reasons, and for which texts they hold, each of shape (count,).
    """
    reasons: Reasons = [None] * count
    for reason, holds in rules:
        for text in np.flatnonzero(holds).tolist():
            if reasons[text] is None:
                reasons[text] = reason
    return reasons
