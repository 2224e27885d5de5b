"""Umlauts that were read in the wrong encoding: "f├╝r", "f³r", "f?r", "f=FCr", "fr".

There are as many ways as pairs of encodings. Each puts something between two letters that no word has there, or two
letters beyond ASCII side by side, or leaves nothing where a frequent word has its umlaut.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from backend.datasets.language.umlaut_words import UMLAUT_WORDS
from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns
    from backend.datasets.quality.columns.word_list import WordList

_UMLAUTS = re.compile("[äöüß]")
# letters of European names; hyphens, quotes and marks of notes, units and gender, which stand within sound words
_LETTERS = (
    "a-zA-ZäöüÄÖÜßÀ-ÂÅ-ÏÑ-ÕØ-ÝàâãåæçèéêëìíîïðñòóôõøùúûýþıİğĞşŞćĆčČđĐęĘěĚąĄłŁńŃňŇőŐřŘśŚšťŤůŮűŰźŹżŻžœăâîșȘțȚ\u1e00-\u1eff"
)
_MARKS = r"\s\d.,:;!/*_&@()\[\]+|'\"’‘´`‐‑–—\-·•°²³§€×…“”„‚»«‹›"
# most texts hold no such sign, and the search for one is quick
_UNUSUAL = re.compile(r"[^\x00-\x22\x26-\x3b\x40-\x5b\x5d_a-z|äöüÄÖÜß’‘–—•°§€“”„‚»«‹›]")
# one may be a slip, or a name
_LEAST_PLACES = 2
_SMALL = "[a-zäöüß]"
_STRANGE = (
    re.compile(
        rf"[^{_LETTERS}{_MARKS}](?<={_SMALL}.)[^{_LETTERS}{_MARKS}]{{0,5}}(?={_SMALL})"
        rf"|[õ³§…“”„‚»«‹›](?<={_SMALL}.)(?={_SMALL})"
        rf"|³(?<!\w.)(?={_SMALL}{{2}})"
    ),
    re.compile(r"[=%][0-9A-F]{2}(?=[a-z=%])"),
    re.compile(r"\\u00[0-9a-f]{2}"),
    # the first byte of an umlaut in UTF-8 and the second one, each as a character of its own
    re.compile(
        rf"[^\x00-\x7f–—„“”’‘‚»«…§°²³·•](?<=[a-zA-Z].)(?![{_LETTERS}](?<=[{_LETTERS}].)(?<![ÃÂĂ].))"
        r"[^\x00-\x7f–—„“”’‘‚»«…°²³·•]"
    ),
)


class MisreadLetterFilter(BaseFilter):
    """Words that a wrong encoding took apart."""

    name = "misread_letters"
    signals = ("strange_letters", "lost_umlauts")

    def measure(self, columns: "TextColumns") -> Signals:
        """Places within words that no word has, per character; frequent words without their umlaut, per word.

        A lone place is none. The words are German, and counted for German alone.
        """
        import numpy as np

        places = np.fromiter(map(_strange_places, columns.texts), np.int64, len(columns.texts))
        lost = np.full(len(columns.texts), np.nan)
        if self.language == "de":
            words = columns.words
            lost = columns.share(words.count(_lost_words().places_of(words.hashes)[0]), words.counts)
        return {"strange_letters": columns.share(places, columns.lengths), "lost_umlauts": lost}


def _strange_places(text: str) -> int:
    if not _UNUSUAL.search(text):
        return 0
    places = sum(len(sign.findall(text)) for sign in _STRANGE)
    return places if places >= _LEAST_PLACES else 0


@cache
def _lost_words() -> "WordList":
    from backend.datasets.quality.columns.word_list import WordList

    return WordList(sorted({_UMLAUTS.sub("", word) for word in UMLAUT_WORDS}))
