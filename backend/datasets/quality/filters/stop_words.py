"""German function words: prose has them, lists, menus, tables and other languages do not."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter, Limit
from backend.datasets.quality.reading import Reading

STOP_WORDS = frozenset(
    [
        "der",
        "die",
        "das",
        "des",
        "dem",
        "den",
        "und",
        "oder",
        "in",
        "im",
        "von",
        "vom",
        "zu",
        "zum",
        "zur",
        "mit",
        "nach",
        "für",
        "auf",
        "an",
        "am",
        "bei",
        "aus",
        "durch",
        "ist",
        "sind",
        "wird",
        "werden",
        "kann",
        "nicht",
        "als",
        "sich",
        "eine",
        "einer",
        "eines",
        "einem",
        "einen",
        "ein",
        "er",
        "sie",
        "es",
        "wenn",
        "soweit",
    ]
)
"""Forms that are frequent in statutes, which are written in the present tense; only counted, never removed."""


class StopWordFilter(BaseFilter):
    """Share of stop words, and how many different ones."""

    name = "stop_words"
    limits = (
        Limit.at_least("stop_word_share", soft=0.23, hard=0.12, reason="few_stop_words", min_words=20),
        Limit.at_least("distinct_stop_words", soft=5, hard=5, reason="few_stop_words", min_words=50),
        Limit.at_least("distinct_stop_words", soft=3, hard=3, reason="few_stop_words", min_words=20, max_words=49),
    )

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Share of all words, and the number of different forms."""
        if not reading.words:
            return {}
        hits = [word for word in reading.words if word in STOP_WORDS]
        return {"stop_word_share": len(hits) / reading.word_count, "distinct_stop_words": len(set(hits))}
