"""The rules of English web corpora with DataTrove's verdicts, for profiles that ask for them."""

import threading
from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.web_rules.judging import WebRules

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns

_REPETITION = (
    *(f"dup_{piece}_{share}" for piece in ("para", "line") for share in ("frac", "char_frac")),
    *(f"top_{size}_gram" for size in (2, 3, 4)),
    *(f"duplicated_{size}_n_grams" for size in range(5, 11)),
)
_QUALITY = (
    "gopher_short_doc",
    "gopher_long_doc",
    "gopher_below_avg_threshold",
    "gopher_above_avg_threshold",
    "gopher_too_many_hashes",
    "gopher_too_many_ellipsis",
    "gopher_too_many_bullets",
    "gopher_too_many_end_ellipsis",
    "gopher_below_alpha_threshold",
    "gopher_enough_stop_words",
)
_C4 = ("lorem_ipsum", "curly_bracket", "too_few_sentences")
_FINEWEB = ("line_punct_ratio", "short_line_ratio", "char_dup_ratio", "list_ratio")
REASONS = ("empty", *_REPETITION, *_QUALITY, *_C4, *_FINEWEB)
"""DataTrove's reasons to drop a text, in the order of its filters."""


class WebRulesFilter(BaseFilter):
    """1 for each reason that DataTrove's Gopher, C4 and FineWeb filters give; each filter names its first one only.

    The text is judged as it was given, with its marks of layout, since DataTrove counts them.
    """

    name = "web_rules"
    is_optional = True
    signals = tuple(f"web_{reason}" for reason in REASONS)
    counts = signals

    def __init__(self, language: str = "de") -> None:
        super().__init__(language)
        self._rules = WebRules()
        # the words that it knows grow while it judges, and a service judges in several threads
        self._lock = threading.Lock()

    def measure(self, columns: "TextColumns") -> Signals:
        """0 or 1 for every reason."""
        import numpy as np

        found = {signal: np.zeros(len(columns.texts)) for signal in self.signals}
        with self._lock:
            verdicts = self._rules.judge_many(columns.originals)
        for number, verdict in enumerate(verdicts):
            for reason in verdict.reasons:
                found[f"web_{reason}"][number] = 1.0
        return found
