"""From a heading to its section, in an index that holds neither headings nor numbers of sections.

A person who looks for a rule knows what it is about; the heading says that in the words of those who wrote the rule.
Asked are headings that occur once ("Inkrafttreten" means a thousand sections), of numbered sections of 20 words or
more. Titles of laws and headings of their parts stay in the index: nothing that names the section itself.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from backend.datasets.search_evaluation.base_set import BuiltInSet
from backend.datasets.search_evaluation.corpora.changes import with_sections
from backend.datasets.search_evaluation.judged import EvaluationSet, JudgedQuery
from shared.database.search_store import DocumentChange
from shared.models.document import Section

_MIN_WORDS = 20
_LETTER = re.compile(r"[^\W\d_]")


class HeadingSet(BuiltInSet):
    """1,500 headings, each with the section that it stands over."""

    name = "heading"
    size = 1_500
    needs_own_index = True

    def build(self) -> EvaluationSet:
        """Headings that occur once."""
        uses: Counter[str] = Counter()
        candidates = []
        for change in self.read_laws():
            for stored in change.sections:
                uses[stored.section.heading] += 1
                if _is_asked(stored.section):
                    candidates.append(JudgedQuery(stored.section_id, stored.section.heading, {stored.section_id: 1}))
        unique = [query for query in candidates if uses[query.text] == 1]
        queries = self.made(self.sampled(unique, self.size), "numbered sections with headings that occur once")
        return EvaluationSet(self.name, queries, self._without_headings, index_key=f"{self.corpus.name}: no headings")

    def _without_headings(self) -> Iterator[DocumentChange]:
        for change in self.corpus.documents():
            yield with_sections(change, [_without_heading(stored.section) for stored in change.sections])


def _is_asked(section: Section) -> bool:
    is_named = bool(section.number) and bool(_LETTER.search(section.heading))
    return is_named and len(section.text.split()) >= _MIN_WORDS


def _without_heading(section: Section) -> Section:
    above = section.heading_path[:-1] if section.heading or section.number else section.heading_path
    return replace(section, heading="", number="", heading_path=above)
