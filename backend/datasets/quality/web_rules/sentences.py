"""How many sentences a line has: one begins wherever a word follows the end of another.

Source: the rule-based sentencizer of spaCy 3.8 (MIT licence), which DataTrove counts sentences with.
"""

import re
import unicodedata
from functools import lru_cache

from backend.datasets.quality.web_rules.marks import SENTENCE_ENDS
from backend.datasets.quality.web_rules.words.splitting import split_piece

_SPACE_RUN = re.compile(r"(\s+)")
_ODD_SPACE = re.compile(r"\s\s|[^\S ]")
_WORD, _END, _PUNCTUATION = "w", "e", "p"
_NEXT_SENTENCE = re.compile(f"{_END}[{_END}{_PUNCTUATION}]*{_WORD}")


def sentence_count(line: str) -> int:
    """Sentences of a line that is not blank."""
    if _ODD_SPACE.search(line):
        kinds = map(_piece_or_space_kinds, filter(None, _SPACE_RUN.split(line)))
    else:
        kinds = map(_kinds, line.split())
    return 1 + len(_NEXT_SENTENCE.findall("".join(kinds)))


def _piece_or_space_kinds(piece: str) -> str:
    """White space is a token of its own, but for one plain space."""
    if piece.isspace():
        return "" if piece == " " else _WORD
    return _kinds(piece)


@lru_cache(maxsize=50_000)
def _kinds(piece: str) -> str:
    return "".join(map(_kind, split_piece(piece)))


def _kind(token: str) -> str:
    if token in SENTENCE_ENDS:
        return _END
    return _PUNCTUATION if all(unicodedata.category(char)[0] == "P" for char in token) else _WORD
