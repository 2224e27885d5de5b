"""Entries of tables of contents in layouts without a sign of their own: headings with pages, or labels with headings.

A list of items or a schedule of fees looks much the same, so several signs have to come together: short headings that
begin with a capital, hold no verb and end in no mark, pages that do not fall, and next to nothing else.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from backend.datasets.quality.normalise import MONTHS

_UNIT = "Kapitel|(?:Haupt|Unter)?[Aa]bschnitt|Teil|(?:Unter)?[Tt]itel|Buch|Anlage|Anhang"
_ORDINAL = r"(?:\d{1,3}[a-z]?|[IVXLC]+|[A-Z])"
_LABEL = rf"(?:(?:{_UNIT}) {_ORDINAL}(?:[:.]|\ [–-])?|{_ORDINAL}[.)]|[a-z]{{1,2}}\)|\d{{1,2}}(?:\.\d{{1,2}}){{1,3}}\.?)"
_NAME = re.compile(r"\W*(?:Inhalt(?:sverzeichnis|sübersicht)?|Gliederung|Übersicht)\b:?(?: Seite\b)?\s*")
# "21. Juli" is a date
_LABELS = re.compile(rf"(?<!\S){_LABEL}(?=\s)(?!\s(?:{MONTHS})\b)")
_LEADING_LABEL = re.compile(rf"{_LABEL} ")
# not "1.3", not one behind which a sentence goes on, and of "Tabelle 1 Seite 30" the second
_PAGES = re.compile(
    r"""\d(?<=[\s(.…_·].)(?<![\w,]\..)\d{0,3}(?=[)]?(?:\s+[^\sa-zäöüß]|\s*\Z))
        (?!\s+[(]?(?:Seite\ |S[.]\ ?|[.…_·|–-]+\s)?\d{1,4}(?:[)]|\s|\Z))""",
    re.VERBOSE,
)
# what a number belongs to that is no page
_REFERENCE = re.compile(
    rf"""(?:\b(?:Abs|Absatz|Satz|Nr|Nummer|Buchst|Buchstabe|Artikel|Art|Halbsatz|Unterabsatz|vom|bis|und|oder|{_UNIT})
         \.?|§)\s*\Z""",
    re.VERBOSE,
)
_LONGEST_REFERENCE = 16
_LEADER = " \n.…_·|–-,("
_TITLE = re.compile(r"[A-ZÄÖÜ„(][^:!?]{2,159}(?<![,;.])")
_MOST_WORDS = 20
_VERB = re.compile(
    r"""\b(?:ist|sind|war|waren|wird|werden|wurden?|hat|haben|kann|können|darf|dürfen|mu(?:ss|ß)|müssen|soll|sollen|gilt
      |gelten|bleibt|bleiben|tritt|treten|erhält|erhalten|findet|finden|steht|stehen|beträgt|betragen)\b""",
    re.VERBOSE,
)
# "mitzuteilen." but not "Abs." or "3."
_SENTENCE_END = re.compile(r"[.:](?<=[a-zäöüß]{4}.)(?=\s|\Z)")
# prose has more of both
_MOST_COMMAS = 1 / 70
_MOST_SENTENCES = 1 / 250
_MOST_SENTENCES_TO_A_STOP = 1 / 500
_BEFORE_PAGE = ", S. "
_LEAST_ENTRIES = 5
# with its label and page
_LONGEST_ENTRY = 200
# a heading that ends in a number, a preface with pages of its own
_MOST_FALLS = 1 / 10
# labels without pages are also those of lists, which stand in sentences
_LEAST_OF_LABELLED = 0.8


def share_of_headings(text: str) -> float:
    """Characters of headings with pages that rise, or of headings with labels, as a share of the text without its name.

    Args:
        text: Normalised, without marks of Markdown; whether its lines were joined does not matter.

    Returns:
        0 for less than five entries, and for labelled headings among much else.
    """
    if _is_prose(text):
        return 0.0
    if name := _NAME.match(text):
        text = text[name.end() :]
    return max(_share_of_paged(text), _share_of_labelled(text))


def _is_prose(text: str) -> bool:
    """Whether it has commas and sentences as prose has, which is seen at a glance."""
    commas = text.count(",") + text.count(";") - text.count(_BEFORE_PAGE)
    if commas > _MOST_COMMAS * len(text):
        return True
    most = _MOST_SENTENCES_TO_A_STOP if text.endswith(".") else _MOST_SENTENCES
    return len(_SENTENCE_END.findall(text)) > most * len(text)


def _share_of_paged(text: str) -> float:
    """What stands between two pages and is a heading, with or without a label."""
    found = list(_PAGES.finditer(text))
    if not _may_be_entries(len(found), text):
        return 0.0
    begin, size, pages = 0, 0, []
    for page in found:
        if _REFERENCE.search(text, max(0, page.start() - _LONGEST_REFERENCE), page.start()):
            continue
        if _is_heading(_bare(text[begin : page.start()])):
            size += page.end() - begin
            pages.append(int(page[0]))
        begin = page.end()
    return size / len(text) if _may_be_entries(len(pages), text) and _rise(pages) else 0.0


def _share_of_labelled(text: str) -> float:
    """What stands between two labels and is a heading."""
    room = (1 - _LEAST_OF_LABELLED) * len(text)
    label = _LABELS.search(text, 0, int(room) + 1)
    others, entries = (label.start() if label else len(text)), 0
    # most texts are left long before their end
    while label and others <= room:
        following = _LABELS.search(text, label.end())
        end = following.start() if following else len(text)
        if _is_heading(text[label.end() : end].strip()):
            entries += 1
        else:
            others += end - label.start()
        label = following
    return 1 - others / len(text) if others <= room and _may_be_entries(entries, text) else 0.0


def _may_be_entries(number: int, text: str) -> bool:
    return number >= _LEAST_ENTRIES and number * _LONGEST_ENTRY >= len(text)


def _bare(heading: str) -> str:
    """Without its label and what leads to its page."""
    heading = heading.rstrip(_LEADER).removesuffix("Seite").removesuffix(" S").strip(_LEADER + ")")
    label = _LEADING_LABEL.match(heading)
    return heading[label.end() :] if label else heading


def _is_heading(words: str) -> bool:
    return words.count(" ") < _MOST_WORDS and bool(_TITLE.fullmatch(words)) and not _VERB.search(words)


def _rise(pages: Sequence[int]) -> bool:
    """Whether they rise on the whole and hardly ever fall."""
    falls = sum(after < before for before, after in pairwise(pages))
    return pages[-1] > pages[0] and falls <= _MOST_FALLS * len(pages)
