"""Which limits mean something by themselves, whatever is usual in a corpus: broken text is broken, however common.

A share of the texts says nothing about them. They keep their values when limits are calibrated, and a text that one of
them rejects is no example of what is usual.
"""

from functools import cache

from backend.datasets.curation.run import Judged
from backend.datasets.quality.filters.web_rules import WebRulesFilter
from backend.datasets.quality.limits import Limit
from backend.datasets.quality.pipeline import Decision
from backend.datasets.quality.profile import Profile, built_in, built_in_names
from shared.models.review import ReviewState

_MEANT = frozenset(("repealed", "stub", "encoding", "letter_spaced", "table_of_contents", "other_language"))
# of the model of the accepted corpus, which has limits of its own: misread words
_MEANT_BY_MODEL = frozenset(("damaged_words",))


def is_fixed(limit: Limit) -> bool:
    """Whether a limit is no matter of quantiles: by its reason, or by its signal if a profile has its own reasons."""
    return limit.reason in _MEANT or limit.signal in _signals()


def is_an_example(judged: Judged, fixed: frozenset[str]) -> bool:
    """Whether a text may show what is usual; a person's word counts more than a limit.

    Args:
        judged: By the profile.
        fixed: From `fixed_reasons`.
    """
    if judged.ruling is not None:
        return judged.ruling is ReviewState.KEPT
    assessment = judged.assessment
    return assessment.decision is not Decision.REJECT or fixed.isdisjoint(assessment.reasons)


def fixed_reasons(profile: Profile) -> frozenset[str]:
    """Reasons of rejections that fixed limits alone give."""
    of_fixed = {limit.reason for limit in profile.limits if is_fixed(limit)}
    return (_MEANT | _MEANT_BY_MODEL | of_fixed) - {limit.reason for limit in profile.limits if not is_fixed(limit)}


@cache
def _signals() -> frozenset[str]:
    """What built-in profiles measure for such reasons, and verdicts of yes or no, which have no quantiles."""
    limits = (limit for name in built_in_names() for limit in built_in(name).limits)
    return frozenset((*WebRulesFilter.signals, *(limit.signal for limit in limits if limit.reason in _MEANT)))
