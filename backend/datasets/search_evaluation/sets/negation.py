"""What is allowed and what is not: pairs of sections that differ by one "nicht" or "kein", and by nothing else.

A section with a negated sentence is put beside a twin without the negation. The sentence as it stands must rank the
section above the twin, and the sentence without its negation the twin above the section; a search that takes "nicht"
for a stop word cannot know, and is right half of the time. Number and law are left out of both, and thousands of other
sections stand around them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backend.datasets.search_evaluation.base_set import BuiltInSet
from backend.datasets.search_evaluation.corpora.changes import a_section, change_of, section_id_of
from backend.datasets.search_evaluation.judged import EvaluationSet, JudgedQuery
from shared.database.search_store import DocumentChange
from shared.models.document import StoredSection

_SENTENCE = re.compile(r"(?<=[.)] )[A-ZÄÖÜ][^.;:()§]{30,250}\.(?=\s|$)")
# behind these verbs the sentence stays one when "nicht" goes; "keine" is told from a plural by the noun's ending
_NICHT = re.compile(r"(?<= )(?:darf|dürfen|kann|können|gilt|gelten|ist|sind|wird|werden|soll|sollen) (nicht )")
_KEIN = re.compile(
    r"(?<= )(k)(?:ein(?:e[mnrs])?(?= )|eine(?= [A-ZÄÖÜ][a-zäöüß]*(?:ung|heit|keit|schaft|tät|ion|ik|nis)\b))"
)
_ANY_NEGATION = re.compile(r"\b(?:nicht|kein(?:e[mnrs]?)?|ohne)\b", re.IGNORECASE)
_WORDS = (6, 30)
_MAX_SECTION_WORDS = 250
_OTHERS = 6_000


@dataclass(frozen=True, slots=True)
class _Pair:
    """A section and its twin, as texts, and the sentence that tells them apart."""

    section_id: str
    heading: str
    kind: str
    text: str
    twin_text: str
    sentence: str
    twin_sentence: str


class NegationSet(BuiltInSet):
    """Up to 400 pairs, two queries each."""

    name = "negation"
    size = 800
    needs_own_index = True

    def build(self) -> EvaluationSet:
        """Pairs of sections with exactly one negation, in the sentence that is asked."""
        pairs: list[_Pair] = []
        others: list[str] = []
        for change in self.read_laws():
            for stored in change.sections:
                if pair := _pair(stored):
                    pairs.append(pair)
                elif stored.section.text:
                    others.append(stored.section_id)
        chosen = self.sampled(pairs, self.size // 2)
        around = frozenset(self.sampled(others, _OTHERS))
        queries = self.made([query for pair in chosen for query in _queries(pair)], "sections with one negation")
        return EvaluationSet(
            self.name, queries, lambda: self._documents(chosen, around), index_key=f"{self.corpus.name}: negation pairs"
        )

    def _documents(self, pairs: list[_Pair], around: frozenset[str]) -> Iterator[DocumentChange]:
        for pair in pairs:
            yield change_of(_id_of(pair), [a_section(0, pair.text, pair.heading)], title="")
            yield change_of(_id_of(pair, "-twin"), [a_section(0, pair.twin_text, pair.heading)], title="")
        for change in self.corpus.documents():
            kept = [stored.section for stored in change.sections if stored.section_id in around]
            if kept:
                sections = [a_section(n, section.text, section.heading) for n, section in enumerate(kept)]
                yield change_of(change.document_id, sections, title="")


def without_negation(sentence: str) -> tuple[str, str] | None:
    """(kind, the sentence without its only negation), or None if it has none that can go."""
    if len(_ANY_NEGATION.findall(sentence)) != 1:
        return None
    if nicht := _NICHT.search(sentence):
        return "nicht", sentence[: nicht.start(1)] + sentence[nicht.end(1) :]
    if kein := _KEIN.search(sentence):
        return "kein", sentence[: kein.start(1)] + sentence[kein.end(1) :]
    return None


def _pair(stored: StoredSection) -> _Pair | None:
    text = " ".join(stored.section.text.split())
    if len(_ANY_NEGATION.findall(text)) != 1 or text.count(" ") >= _MAX_SECTION_WORDS:
        return None
    for match in _SENTENCE.finditer(text):
        sentence = match[0]
        turned = without_negation(sentence)
        if turned and _WORDS[0] <= len(sentence.split()) <= _WORDS[1]:
            twin = text[: match.start()] + turned[1] + text[match.end() :]
            return _Pair(stored.section_id, stored.section.heading, turned[0], text, twin, sentence, turned[1])
    return None


def _queries(pair: _Pair) -> Iterator[JudgedQuery]:
    said, unsaid = section_id_of(_id_of(pair), 0), section_id_of(_id_of(pair, "-twin"), 0)
    yield JudgedQuery(f"{pair.section_id} with", pair.sentence, {said: 1}, f"with {pair.kind!r}", frozenset((unsaid,)))
    kind = f"without {pair.kind!r}"
    yield JudgedQuery(f"{pair.section_id} without", pair.twin_sentence, {unsaid: 1}, kind, frozenset((said,)))


def _id_of(pair: _Pair, ending: str = "") -> str:
    return f"pair-{pair.section_id.replace(':', '-')}{ending}"
