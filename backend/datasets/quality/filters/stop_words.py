"""Function words: prose has them, lists, menus, tables and other languages do not."""

from functools import cache
from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns
    from backend.datasets.quality.columns.word_list import WordList

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
    version = 3
    signals = ("stop_word_share", "distinct_stop_words")
    counts = ("distinct_stop_words",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Share of all words, and the number of different forms; nothing for references, which have no such words."""
        import numpy as np

        words = columns.words
        found, forms = _listed(self.language).places_of(words.hashes)
        met = np.zeros((len(columns.texts), len(STOP_WORDS[self.language])), np.bool_)
        met[words.text[found], forms] = True
        distinct = np.where(words.counts > 0, met.sum(axis=1), np.nan)
        shares = columns.share(words.count(found), words.counts)
        return {"stop_word_share": columns.of_prose(shares), "distinct_stop_words": columns.of_prose(distinct)}


@cache
def _listed(language: str) -> "WordList":
    from backend.datasets.quality.columns.word_list import WordList

    return WordList(STOP_WORDS[language])
