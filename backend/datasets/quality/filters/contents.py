"""Tables of contents: headings in their order, with the pages on which they stand or without.

Headings of German law hold function words ("Verhältnis zu anderen Vorschriften"), so a list of them passes for prose.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.contents_entries import share_of_headings

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns

_LEAST_ENTRIES = 4
_TITLE = r"(?!(?:Abs|Satz|Nr|Nummer|Buchst|Halbs|Unterabs|Sentence|Paragraph)\w*\b)[A-ZÄÖÜ(][^§;:\n]{2,160}?"
_PAGE = r"(?:[ .…_·\t]*\b(?P<page>\d{1,4}))?"
# "§ 4 Antrag 12", and behind it the next heading: whether lines were joined must not matter
_HEADINGS = {
    sign: re.compile(rf"{label} ?(?P<number>\d{{1,4}})[a-z]?\.? {_TITLE}(?<![.,]){_PAGE}(?=\s+{label} ?\d|\s*\Z|\n)")
    for sign, label in (("§", "§"), ("Art", r"Art(?:\.|ikel|icle)"))
}
# "Antrag ........ 12": what stands between two of them is a heading
_LEADER = re.compile(r"[.…_·](?:[.…_·]{2,}|(?: [.…_·]){3,})\s{0,3}(?P<page>\d{1,4})(?![\w.)\\,])")
_LEADERS = ("...", "…", "___", ". . .", "···")
_LONGEST_HEADING = 200
_MARKED_CELLS = "* *"
# "2.1 Antrag 12"; sentences have commas
_MOST_COMMAS = 1 / 150
_NUMBERED = re.compile(
    r"\d(?<![\w.,].)\d?(?:\.\d{1,2}){0,3}\.? [A-ZÄÖÜ][^;:.\d\n]{3,120}? (?P<page>\d{1,4})(?=\s+\d|\s*\Z|\n)"
)


class ContentsFilter(BaseFilter):
    """How much of a text is entries of a table of contents."""

    name = "contents"
    version = 3
    signals = ("contents_share",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Characters of entries whose numbers or pages rise, as a share of the text; 0 for less than four entries."""
        import numpy as np

        pairs = zip(columns.originals, columns.texts, strict=True)
        shares = (max(_share(original), _share_without_sign(original, text)) for original, text in pairs)
        return {"contents_share": np.fromiter(shares, np.float64, len(columns.texts))}


def _share(text: str) -> float:
    if not text:
        return 0.0
    shares = [
        _chars_of(text, heading)
        for sign, heading in _HEADINGS.items()
        if _LONGEST_HEADING * text.count(sign) >= len(text)
    ]
    if any(sign in text for sign in _LEADERS):
        shares.append(_chars_up_to_leaders(text))
    if text.count(",") + text.count(";") <= _MOST_COMMAS * len(text):
        shares.append(_chars_of(text, _NUMBERED))
    return max(shares, default=0) / len(text)


def _share_without_sign(original: str, text: str) -> float:
    # a table with marked cells numbers its rows, and holds figures that rise, by right
    return 0.0 if _MARKED_CELLS in original else share_of_headings(text)


def _chars_of(text: str, kind: re.Pattern[str]) -> int:
    sizes = [len(found[0]) for found in _rising(kind.finditer(text))]
    return sum(sizes) if len(sizes) >= _LEAST_ENTRIES else 0


def _chars_up_to_leaders(text: str) -> int:
    """Characters of headings before leaders with a page, and of these."""
    ends = [0]
    sizes = []
    for found in _rising(_LEADER.finditer(text)):
        if found.start() - ends[-1] <= _LONGEST_HEADING:
            sizes.append(found.end() - ends[-1])
        ends.append(found.end())
    return sum(sizes) if len(sizes) >= _LEAST_ENTRIES else 0


def _rising(entries: Iterator[re.Match[str]]) -> Iterator[re.Match[str]]:
    """Those with a number and a page that are not smaller than those of the one before."""
    last: dict[str, int] = {}
    for found in entries:
        places = {name: int(value) for name, value in found.groupdict().items() if value}
        if all(last.get(name, 0) <= value for name, value in places.items()):
            yield found
        last.update(places)
