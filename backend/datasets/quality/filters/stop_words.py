"""Function words: prose has them, lists, menus, tables and other languages do not."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading

STOP_WORDS = {
    # frequent in statutes, which are written in the present tense
    "de": frozenset(
        """
        der die das des dem den und oder in im von vom zu zum zur mit nach für auf an am bei aus durch ist sind wird
        werden kann nicht als sich eine einer eines einem einen ein er sie es wenn soweit
        """.split()  # noqa: SIM905 - reads as words
    ),
    "en": frozenset(
        """
        the be to of and that have with a an in on at by for from as is are was were it its this these those or not
        which has had will would can could may must if when
        """.split()  # noqa: SIM905 - as above
    ),
}
"""Forms by language; only counted, never removed."""


class StopWordFilter(BaseFilter):
    """Share of stop words, and how many different ones."""

    name = "stop_words"
    signals = ("stop_word_share", "distinct_stop_words")

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Share of all words, and the number of different forms."""
        if not reading.words:
            return {}
        hits = [word for word in reading.words if word in STOP_WORDS[self.language]]
        return {"stop_word_share": len(hits) / reading.word_count, "distinct_stop_words": len(set(hits))}
