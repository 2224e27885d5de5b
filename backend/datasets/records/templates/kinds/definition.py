"""Which terms a section defines: sentences that say "im Sinne dieses Gesetzes", and nothing that only looks so.

    Verwaltungsakt im Sinne dieses Gesetzes ist jede Verfügung, …       the term stands before the words
    Im Sinne dieser Verordnung bedeutet: 1. „Anlage“ …                  quoted terms in the list behind them

A definition that is missed costs a record, one that is none would be untrue: what is not certain is left out.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise

from backend.datasets.language.sentences import sentences
from backend.datasets.records.templates.base import MOST_EXAMPLES, BaseKind, Source

_SCOPE = r"[Ii]m Sinne? (?:dies(?:es|er)|des|der) [^.,;:()\n]{3,80}?"
_MARK = re.compile(r"\(\d+[a-z]*\)\s+")
# what follows "ist" is a noun with its article or its adjectives; "zulässig", "dem Amt zu melden" define nothing
_NOUN = (
    r"(?:[A-ZÄÖÜ0-9]|(?:die|der|das|diejenigen?|derjenige|dasjenige|eine?|sowohl|im|in|nur) "
    r"|(?!keine|ihre|seine|dieser|jener)[a-zäöüß]+(?:e|er|es) )"
)
_BEFORE = re.compile(
    rf"(?:(?:Eine?|Der|Die|Das|Als)\s+)?(?P<term>[^\s.,;:()„“\"\n\d][^.,;:()„“\"\n\d]{{2,80}}?)\s+{_SCOPE}\s+"
    rf"(?:ist|sind)\s+(?={_NOUN})"
)
_OPENING = re.compile(
    rf"{_SCOPE}\s+(?:(?:ist|sind|bedeute[nt]|bezeichne[nt]|gilt|gelten)\b|(?:haben|hat)\b.{{0,60}}Bedeutung)[^.\n]{{0,80}}:?"
)
_QUOTED = re.compile(r"(?:\(?\d+[a-z]?[.)]|[a-z]{1,2}\)|[-–•])\s*[„\"](?P<term>[^„“”\"\n]{2,80})[“”\"]")
_NO_TERM_WORDS = (
    "wer wenn soweit sofern ob dass bei für zu in an am auf nach mit von vom durch aus über unter vor zur zum im es er",
    "sie ist sind wird werden hat haben kann können darf dürfen muss müssen soll sollen gilt gelten nicht kein keine",
    "dies diese dieser dieses welche wann wie wo eine ein hierbei dabei dazu wurde wurden jede jeder jedes alle",
    "weitere sonstige andere voraussetzung voraussetzungen den dem des",
)
_NO_TERM = frozenset(word for line in _NO_TERM_WORDS for word in line.split())


class DefinitionKind(BaseKind):
    """One record per term, answered with the sentence that defines it."""

    name = "definition"
    slots = frozenset({"term", "definition"})

    def examples(self, source: Source) -> Iterator[Mapping[str, str]]:
        """Every term once, in order; of one section only, so that the citation is exact."""
        if not source.is_single:
            return
        found: dict[str, str] = {}
        for term, definition in _definitions(source.body):
            found.setdefault(term, definition)
        for term, definition in islice(found.items(), MOST_EXAMPLES):
            yield {"term": term, "definition": definition}


def _definitions(body: str) -> Iterator[tuple[str, str]]:
    for paragraph in _paragraphs(body):
        opening = _OPENING.match(paragraph)
        if opening is not None:
            yield from _listed(paragraph)
        else:
            yield from _stated(paragraph)


def _paragraphs(body: str) -> Iterator[str]:
    """Paragraphs (Absätze) without their marks; a list belongs to the one that it stands in."""
    starts = [0, *(found.start() + 1 for found in re.finditer(r"\n\(\d+[a-z]*\)\s", body)), len(body)]
    for start, end in pairwise(starts):
        yield _MARK.sub("", body[start:end].strip(), count=1)


def _stated(paragraph: str) -> Iterator[tuple[str, str]]:
    for span in sentences(paragraph):
        sentence = paragraph[span.start : span.end]
        if (found := _BEFORE.match(sentence)) and _is_term(found["term"]):
            # a sentence that goes on in a list ends with its paragraph
            yield found["term"], sentence if sentence.endswith(".") else paragraph[span.start :].rstrip()


def _listed(paragraph: str) -> Iterator[tuple[str, str]]:
    """Items with a quoted term; each reaches to the next one."""
    items = [found for found in _QUOTED.finditer(paragraph) if _begins_line(paragraph, found.start())]
    for number, found in enumerate(items):
        end = items[number + 1].start() if number + 1 < len(items) else len(paragraph)
        definition = paragraph[found.start() : end].strip().rstrip(",;")
        if len(definition) > len(found[0]) + 10:
            yield found["term"], definition


def _begins_line(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] == "\n"


def _is_term(term: str) -> bool:
    words = term.lower().split()
    return len(words) <= 8 and _NO_TERM.isdisjoint(words)
