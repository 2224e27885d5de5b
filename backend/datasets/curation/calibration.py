"""Limits from a corpus's own figures: what is rare among your documents, not among those of others.

A limit begins to cost at a quantile of its signal, and rejects beyond one that lies further out. Rules that mean
something by themselves (see `fixed_limits`) stay as they are, and what they reject is no example of what is usual. A
text that a person kept is never rejected by a calibrated limit.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backend.datasets.curation.fixed_limits import fixed_reasons, is_an_example, is_fixed
from backend.datasets.curation.run import Judged
from backend.datasets.quality.limits import Limit
from backend.datasets.quality.profile import Profile
from shared.errors import InvalidInput
from shared.models.review import ReviewState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOFT, HARD = 0.99, 0.9995
_LEAST_TEXTS = 200
_MOST_TEXTS = 200_000
_DIGITS = 4
_LONGEST_NAME = 40


class TooFewTexts(InvalidInput):
    """Quantiles of so few texts would say nothing."""

    code = "too_few_texts"

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} different sections are registered that are neither broken nor rejected by a person; limits that "
            f"follow from them need at least {_LEAST_TEXTS}. Ingest more documents, or write a profile by hand.",
            found=count,
            needed=_LEAST_TEXTS,
        )


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How rare a value must be.

    Args:
        soft: Share of the texts that a limit costs nothing, per signal.
        hard: Share that it does not reject.
    """

    soft: float = SOFT
    hard: float = HARD

    def __post_init__(self) -> None:
        """Check them.

        Raises:
            InvalidInput: If they make no limits.
        """
        if not 0.5 <= self.soft <= self.hard <= 1:
            raise InvalidInput(
                f"Quantiles {self.soft:g} and {self.hard:g} make no limits; 0.5 <= soft <= hard <= 1 is needed."
            )


class Sample:
    """Different texts with their signals: all, or those with the smallest keys; the same for the same corpus.

    Args:
        profile: What a rule of it that means something by itself rejects does not count, unless a person kept it.
    """

    def __init__(self, profile: Profile) -> None:
        self._fixed = fixed_reasons(profile)
        self._texts: dict[str, Judged] = {}

    def take(self, sections: Iterable[Judged]) -> None:
        """Look at these sections too."""
        for each in sections:
            if is_an_example(each, self._fixed):
                self._texts.setdefault(each.text_key, each)
            if len(self._texts) > 2 * _MOST_TEXTS:
                self._shrink()

    def texts(self) -> list[Judged]:
        """The sample.

        Raises:
            TooFewTexts: If limits cannot follow from it.
        """
        self._shrink()
        if len(self._texts) < _LEAST_TEXTS:
            raise TooFewTexts(len(self._texts))
        return list(self._texts.values())

    def _shrink(self) -> None:
        # keys are digests, so the smallest ones are a fair choice
        self._texts = dict(sorted(self._texts.items())[:_MOST_TEXTS])


def calibrated(profile: Profile, texts: list[Judged], quantiles: Quantiles) -> list[Limit]:
    """The limits of a profile with values from the texts.

    Args:
        profile: Names the signals, reasons, weights and lengths.
        texts: From `Sample`.
        quantiles: How rare a value must be.
    """
    import numpy as np

    words = np.array([each.words for each in texts], dtype=np.int64)
    is_kept = np.array([each.ruling is ReviewState.KEPT for each in texts])
    return [
        limit if is_fixed(limit) else _limit(limit, _values(limit, texts), words, is_kept, quantiles)
        for limit in profile.limits
    ]


def _values(limit: Limit, texts: list[Judged]) -> "NDArray[np.float64]":
    import numpy as np

    return np.array([each.assessment.signals.get(limit.signal, math.nan) for each in texts])


def _limit(
    limit: Limit,
    values: "NDArray[np.float64]",
    words: "NDArray[np.int64]",
    is_kept: "NDArray[np.bool_]",
    quantiles: Quantiles,
) -> Limit:
    """The limit with values from the texts that it judges; as it is where these are few."""
    import numpy as np

    is_judged = limit.applies(words) & ~np.isnan(values)
    judged = values[is_judged]
    if len(judged) < _LEAST_TEXTS:
        return limit
    shares = [1 - share if limit.is_minimum else share for share in (quantiles.soft, quantiles.hard)]
    # towards the rarer side: of a few hundred texts, none is rejected
    soft, hard = np.quantile(judged, shares, method="lower" if limit.is_minimum else "higher").tolist()
    furthest = min if limit.is_minimum else max
    hard = furthest([hard, *values[is_judged & is_kept].tolist()])
    return replace(limit, soft=_rounded(soft, limit), hard=_rounded(hard, limit))


def _rounded(value: float, limit: Limit) -> float:
    """Few digits, always away from the texts: rounding must not reject anything."""
    step = float(10**_DIGITS)
    away = math.floor if limit.is_minimum else math.ceil
    return float(away(value * step)) / step


def name_of(file_stem: str) -> str:
    """A name that profiles may have, of a file's name: "Bau Amt.Köln" gives "bau-amt-k-ln"."""
    return re.sub(r"[^a-z0-9_]+", "-", file_stem.lower()).strip("-_")[:_LONGEST_NAME].strip("-_") or "calibrated"


def as_file(name: str, profile: Profile, limits: list[Limit], *, description: str) -> dict[str, Any]:
    """The content of a profile's file that says everything by itself."""
    return {
        "name": name,
        "version": 1,
        "description": description,
        "language": profile.language,
        "review_below": profile.review_below,
        **({} if profile.heeds_learnt else {"learnt": "ignored"}),
        "limits": [_entry(limit) for limit in limits],
    }


def _entry(limit: Limit) -> dict[str, Any]:
    side = "at_least" if limit.is_minimum else "at_most"
    entry: dict[str, Any] = {
        "signal": limit.signal,
        side: {"soft": limit.soft, "hard": limit.hard},
        "reason": limit.reason,
    }
    if limit.weight != 1:
        entry["weight"] = limit.weight
    if limit.min_words:
        entry["min_words"] = limit.min_words
    if limit.max_words < math.inf:
        entry["max_words"] = int(limit.max_words)
    if limit.spares_tables:
        entry["spares_tables"] = True
    return entry
