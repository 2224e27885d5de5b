"""Citations in the spellings that people use; each means exactly one section, which must come first.

Asked are sections whose number occurs once in a law whose abbreviation occurs once; each spelling
is tried on sections of its own.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from backend.datasets.search_evaluation.base_set import BuiltInSet
from backend.datasets.search_evaluation.judged import EvaluationSet, JudgedQuery
from shared.models.document import StoredSection

_NUMBERED = re.compile(r"(?P<kind>§|Art(?:ikel|\.)?)\s*(?P<number>[0-9]+)(?P<letter>[a-z]?)")
_SOCIAL_CODE = re.compile(r"SGB ([0-9]{1,2})")
_ROMANS = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV")
_WORD = re.compile(r"[^\W\d_]{8,}")


@dataclass(frozen=True, slots=True)
class _Cited:
    """A section as it can be cited; `title` is empty where the law has none that is one word and its alone."""

    section_id: str
    is_article: bool
    number: str
    letter: str
    law: str
    title: str

    @property
    def whole(self) -> str:
        return f"{self.number}{self.letter}"


def _roman(cited: _Cited) -> str | None:
    code = _SOCIAL_CODE.fullmatch(cited.law)
    if code is None or int(code[1]) >= len(_ROMANS):
        return None
    return f"§ {cited.whole} SGB {_ROMANS[int(code[1])]}"


_PARAGRAPHS: Mapping[str, Callable[[_Cited], str | None]] = {
    "plain": lambda c: f"§ {c.whole} {c.law}",
    "no space": lambda c: f"§{c.whole} {c.law}",
    "small letters": lambda c: f"§ {c.whole} {c.law.lower()}",
    # "§ 76 f" means the next section, too
    "letter apart": lambda c: f"§ {c.number} {c.letter} {c.law}" if c.letter and c.letter != "f" else None,
    "law first": lambda c: f"{c.law} § {c.whole}",
    "with paragraph": lambda c: f"§ {c.whole} Abs. 1 {c.law}",
    "with sentence": lambda c: f"§ {c.whole} Abs. 2 Satz 1 Nr. 3 {c.law}",
    "of the": lambda c: f"§ {c.whole} des {c.law}",
    "in words": lambda c: f"Paragraph {c.whole} {c.law}",
    "question": lambda c: f"Was regelt § {c.whole} {c.law}?",
    "title": lambda c: f"§ {c.whole} {c.title}" if c.title else None,
    "Roman": _roman,
}
_ARTICLES: Mapping[str, Callable[[_Cited], str | None]] = {
    "article": lambda c: f"Artikel {c.whole} {c.law}",
    "article, short": lambda c: f"Art. {c.whole} {c.law}",
    "article, no dot": lambda c: f"Art {c.whole} {c.law}",
    "article, with paragraph": lambda c: f"Art. {c.whole} Abs. 1 {c.law}",
}
_SPELLINGS = {**_PARAGRAPHS, **_ARTICLES}


class CitationSet(BuiltInSet):
    """Up to 1,000 citations, each of exactly one section."""

    name = "citations"
    size = 1_000
    needs_own_index = False

    def build(self) -> EvaluationSet:
        """Citations of sections that can be told apart."""
        citable = self._citable()
        each = self.size // len(_SPELLINGS)
        queries = [query for kind in _SPELLINGS for query in self.sampled(_spelled(kind, citable), each)]
        made = self.made(queries, "numbered sections of laws with abbreviations")
        return EvaluationSet(self.name, made, self.corpus.documents, index_key=self.corpus.name)

    def _citable(self) -> list[_Cited]:
        laws: Counter[str] = Counter()
        titles: Counter[str] = Counter()
        numbers: Counter[tuple[str, str]] = Counter()
        found: list[_Cited] = []
        for change in self.read_laws():
            if change.document is None or not change.document.abbreviation:
                continue
            laws[change.document.abbreviation.lower()] += 1
            titles[change.document.title.lower()] += 1
            for stored in change.sections:
                if cited := _cited(stored):
                    found.append(cited)
                    numbers[cited.law, cited.whole] += 1
        return [
            replace(cited, title=cited.title if titles[cited.title.lower()] == 1 else "")
            for cited in found
            if laws[cited.law.lower()] == 1 and numbers[cited.law, cited.whole] == 1
        ]


def _cited(stored: StoredSection) -> _Cited | None:
    match = _NUMBERED.fullmatch(stored.section.number)
    if match is None:
        return None
    title = stored.document_title if _WORD.fullmatch(stored.document_title) else ""
    return _Cited(stored.section_id, match["kind"] != "§", match["number"], match["letter"], stored.abbreviation, title)


def _spelled(kind: str, citable: Sequence[_Cited]) -> list[JudgedQuery]:
    """All sections that can be cited in this spelling."""
    return [
        JudgedQuery(f"{cited.section_id} {kind}", text, {cited.section_id: 1}, kind=kind)
        for cited in citable
        if cited.is_article == (kind in _ARTICLES) and (text := _SPELLINGS[kind](cited))
    ]
