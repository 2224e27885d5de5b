"""Paragraphs that cite and say nothing else: chains of norms, the course of a case, where a law was published.

They are numbers, signs and abbreviations by right, so limits of prose (function words, symbols, digits, letters, length
of words) would reject them. Tables, menus and contents hold a sign of a reference now and then; a reference is one from
end to end. A change here changes what filters measure that ask for `of_prose`: it raises their versions.
"""

import math
import re
from itertools import islice

from backend.datasets.quality.normalise import MONTHS

LONGEST = 300
"""Words of the longest one; a register is longer, and judged as everything else."""
WORDS_PER_NUMBER = 5
"""At least one word in so many begins with a digit: quickly told of many texts, of which few have to be looked at."""
MOST_LETTERS = 6
"""Characters of a word on average; glued words have many more, and capitals inside."""
_LEAST_SHARE = 0.5
# of a table of contents it is numbers alone that are not headings
_LEAST_SHARE_WITHOUT_NUMBERS = 0.1
_WORDS_PER_SIGN = 15

_PLACE = r"(?=\.?\ ?(?:\d|[IVX]+\b|[a-z]\b))"
_UNIT = """
    Abs | Absatz | Absätze | Art | Artikel | Buchst | Buchstabe | Halbs | Halbsatz | Nr | Nrn | Nummer | Nummern | Rn
  | RdNr | Rdnr | Rz | Satz | Sätze | Seite | Seiten | Tz | Unterabs | Ziff | Ziffer | lit
"""
# words of references: parts of norms with their number, abbreviations with a capital inside (VwGO, BGH, NJW), single
# letters, words that lead to a reference; and numbers, which alone are in the group
_WORD = re.compile(
    rf"""(?<![\w'’-]) (?:
        (\d[\dA-Z]*[a-z]?) | [A-Za-z] | [IVX]+ | (?!\w{{11}})[A-ZÄÖÜ][a-zäöüß]*[A-ZÄÖÜ]\w*
      | (?:{_UNIT}){_PLACE} | (?:Urteile?s? | Urt | Beschlüsse | Beschlu(?:ss|ß)(?:es)? | Beschl)(?=\.?\ v)
      | Aufl | Az | Bd | Bek | Rspr | Slg | juris | [Vv]gl | aaO | bis | ff | iVm | mWv | mwN | sowie | und | vom
      | Abgrenzung | Anschlu(?:ss|ß) | Fortführung | [Nn]achgehend | [Vv]orgehend
      | Ausfertigungsdatum | Fundstelle | Neugefa(?:ss|ß)t | Stand | Textnachweis | Änderung | ab | aufgeh | durch
      | [Ee]rsetzt | [Gg]eändert | [Zz]uletzt
      | {MONTHS}
    ) (?:[-'’]\w+)* (?!\w)""",
    re.VERBOSE,
)
# what is only written where something is cited
_SIGN = re.compile(
    rf"""§
      | \b(?:{_UNIT}|S){_PLACE}
      | \d\.\ Aufl\b
      | \b(?:Urteile?|Urt|Beschl(?:uss|uß|üsse)?)\.?\ (?:vom|v\.)\ \d
      | \b\d{{1,5}}/\d\d(?:\d\d)?\b                                   # VIII ZR 96/09, 2008/98/EG
      | \b[A-Z]{{1,3}}\ \d{{1,4}}\.\d\d\b                               # 4 C 40.87
      | \b[A-Z][A-Za-z]*[A-Z][A-Za-z]*\ (?:Int\.\ )?\d{{1,4}},\ \d    # NJW 2010, 2125 and BVerwGE 87, 332
      | \b\d{{1,4}},\ \d{{1,4}}\ [<\[(]\ ?\d                            # 82, 236 <269>
      | \bECLI: | \bjuris\b
      | \b(?:(?:BG|RG|GV|GVO|G|A|Amts)Bl|BAnz|GV\.|Bek\.|[GV]\ v\.\ ?\d)
    """,
    re.VERBOSE,
)


def is_reference(text: str, words: int) -> bool:
    """Whether a text, of which this is not yet clear by its length, numbers and letters, is a reference.

    More than half of its words belong to references, not only numbers, and signs of them come every so many words.
    """
    found = _WORD.findall(text)
    if len(found) <= _LEAST_SHARE * words or found.count("") < _LEAST_SHARE_WITHOUT_NUMBERS * words:
        return False
    needed = math.ceil(words / _WORDS_PER_SIGN)
    # looked for no further than needed
    return sum(1 for _ in islice(_SIGN.finditer(text), needed)) == needed
