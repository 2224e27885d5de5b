"""Paragraphs that cite and say nothing else: chains of norms, the course of a case, where a law was published.

They are numbers, signs and abbreviations by right, so limits of prose (function words, symbols, digits, letters, length
of words) would reject them. Tables, menus and contents hold a sign of a reference now and then; a reference is one from
end to end.
"""

import re

from backend.datasets.quality.normalise import MONTHS

LONGEST = 300
"""Words of the longest one; a register is longer, and judged as everything else."""
WORDS_PER_NUMBER = 5
"""At least one word in so many begins with a digit: quickly told of many texts, of which few have to be looked at."""
_WORDS_PER_SIGN = 15
_LEAST_SHARE = 0.5

# what is only written where something is cited
_SIGN = re.compile(
    r"""§
      | \b(?:Abs|Anl|Anlage|Absatz|Art|Artikel|Aufl|Buchst|Buchstabe|Halbs|Halbsatz|Kap|Nr|Nrn|Nummer|R[dD]?[nN]r?|Rz
          |Satz|S|Seite|Tz|Unterabs|Ziff|Ziffer|lit)\.?\ ?(?:\d|[a-h]\b)
      | \d\.\ Aufl\b
      | \b(?:Urteile?|Urt|Beschl(?:uss|uß|üsse)?)\.?\ (?:vom|v\.)\ \d
      | \b\d{1,5}/\d\d(?:\d\d)?\b                                   # VIII ZR 96/09, 2008/98/EG
      | \b[A-Z]{1,3}\ \d{1,4}\.\d\d\b                               # 4 C 40.87
      | \b[A-Z][A-Za-z]*[A-Z][A-Za-z]*\ (?:Int\.\ )?\d{1,4},\ \d    # NJW 2010, 2125 and BVerwGE 87, 332
      | \b\d{1,4},\ \d{1,4}\ [<\[(]\ ?\d                               # 82, 236 <269>
      | \bECLI: | \bjuris\b
      | \b(?:(?:BG|RG|GV|GVO|G|A|Amts)Bl|BAnz|GV\.|Bek\.|[GV]\ v\.\ ?\d)
    """,
    re.VERBOSE,
)
# and what stands between: numbers, abbreviations with a capital inside (VwGO, BGH, NJW), single letters, words that lead
# to a reference
_WORD = re.compile(
    rf"""(?<![\w'’-]) (?:
        \d\w* | [A-Za-z] | [IVX]+ | [A-ZÄÖÜ][a-zäöüß]*[A-ZÄÖÜ]\w*
      | Abs | Absatz(?:es)? | Absätze | Abschnitt | Anhang | Anl | Anlage | [Aa]rt | Artikels? | Aufl | Buchst | Buchstaben?
      | Halbs | Halbsatz | Kap | Kapitel | Nrn? | Nummern? | R[dD]?[nN]r? | Rz | Satz | Sätze | Seiten? | Spalte | Teil | Tz
      | Unterabs | Ziff | Ziffer | lit
      | Urteile?s? | Urt | Beschl | Beschlüsse | Beschlu(?:ss|ß)(?:es)? | Az | Bd | Bek | Rspr | Slg | juris
      | [Vv]gl | aaO | bis | ff | iVm | mWv | mwN | sowie | und | vom
      | Abgrenzung | Anschlu(?:ss|ß) | Fortführung | [Nn]achgehend | [Vv]orgehend
      | Ausfertigungsdatum | Fundstelle | Neugefa(?:ss|ß)t | Stand | Textnachweis | Änderung | ab | aufgeh | durch
      | [Ee]rsetzt | [Gg]eändert | [Zz]uletzt
      | {MONTHS}
    ) (?:[-'’]\w+)* (?!\w)""",
    re.VERBOSE,
)


def is_reference(text: str, words: int) -> bool:
    """Whether a text, of which this is not yet clear by its length and numbers, is a reference.

    Signs of references come at least every so many words, and more than half of the words belong to them.
    """
    if len(_SIGN.findall(text)) * _WORDS_PER_SIGN < words:
        return False
    return len(_WORD.findall(text)) > _LEAST_SHARE * words
