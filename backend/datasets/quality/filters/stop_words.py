"""Function words: prose has them, lists, menus, tables and other languages do not."""

import re
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

# "Fundstelle: BGBl I: 1986, 2553. Geändert durch: Art. 75 V v. 29.10.2001 I 2785"
_GAZETTE = re.compile(r"\b(?:(?:BG|RG|GV|GVO|G|A|Amts)Bl|BAnz|GV\.|Bek\.|[GV] v\. \d)")
_WORDS_PER_REFERENCE = 20
_LONGEST_REFERENCES = 150
_LEAST_OF_PROSE = 0.15


class StopWordFilter(BaseFilter):
    """Share of stop words, and how many different ones."""

    name = "stop_words"
    version = 2
    signals = ("stop_word_share", "distinct_stop_words")
    counts = ("distinct_stop_words",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Share of all words, and the number of different forms.

        Nothing for what only says where a law was published and changed: references to gazettes have no such words.
        """
        import numpy as np

        words = columns.words
        found, forms = _listed(self.language).places_of(words.hashes)
        met = np.zeros((len(columns.texts), len(STOP_WORDS[self.language])), np.bool_)
        met[words.text[found], forms] = True
        distinct = np.where(words.counts > 0, met.sum(axis=1), np.nan)
        shares = columns.share(words.count(found), words.counts)
        # short ones with few stop words: next to no text is looked at
        for text in np.flatnonzero((words.counts <= _LONGEST_REFERENCES) & (shares < _LEAST_OF_PROSE)).tolist():
            if is_reference(columns.texts[text], int(words.counts[text]), float(shares[text])):
                shares[text] = distinct[text] = np.nan
        return {"stop_word_share": shares, "distinct_stop_words": distinct}


def is_reference(text: str, words: int, stop_word_share: float) -> bool:
    """Whether a short text without prose names a gazette, or a change in one, in every so many words."""
    is_asked = words <= _LONGEST_REFERENCES and stop_word_share < _LEAST_OF_PROSE
    return is_asked and len(_GAZETTE.findall(text)) * _WORDS_PER_REFERENCE >= words


@cache
def _listed(language: str) -> "WordList":
    from backend.datasets.quality.columns.word_list import WordList

    return WordList(STOP_WORDS[language])
