"""A template: when it applies, what it asks and what it answers."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from backend.datasets.records.drafts import Draft
from backend.datasets.records.render import numbers_of, record_id_of
from backend.datasets.records.templates.base import MOST_EXAMPLES, BaseKind, Source
from backend.datasets.records.templates.slots import filled
from shared.models.dataset import RecordFormat


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a passage must be like; None: whatever it is.

    Args:
        numbered: Its section has a number ("§ 2").
        headed: Its section has a heading.
        whole: It is no part of a longer section.
        spans: It goes over several sections with different numbers.
        headings: The heading is one of these, in whatever case.
        min_characters: The wording is at least so long.
        max_characters: And at most so long.
    """

    numbered: bool | None = None
    headed: bool | None = None
    whole: bool | None = None
    spans: bool | None = None
    headings: Sequence[str] = ()
    min_characters: int = 0
    max_characters: int | None = None

    def hold(self, source: Source) -> bool:
        """Whether a passage is like that."""
        passage, section = source.passage, source.passage.first.section
        has = (
            (self.numbered, bool(section.number)),
            (self.headed, bool(section.heading)),
            (self.whole, passage.parts == 1),
            (self.spans, numbers_of(passage) != section.number),
        )
        if any(asked is not None and asked != found for asked, found in has):
            return False
        if self.headings and source.heading.casefold() not in {each.casefold() for each in self.headings}:
            return False
        size = len(source.body)
        return size >= self.min_characters and (self.max_characters is None or size <= self.max_characters)


@dataclass(frozen=True, slots=True)
class Template:
    """One file of templates.

    Args:
        name: Stands in every record that it made.
        version: Raised by whoever changes the file; stands there too.
        kind: What it takes from a passage.
        questions: Wordings; a record has the one that its id chooses.
        answer: With the slots of the kind, as everything here.
        context: What the question is about, where it needs more than itself.
        shapes: Records that it can make.
        sha256: Of the file.
        is_built_in: Whether it came with CLARA.
    """

    name: str
    version: int
    kind: BaseKind
    language: str
    description: str
    questions: Sequence[str]
    answer: str
    sha256: str
    context: str = ""
    conditions: Conditions = field(default_factory=Conditions)
    shapes: frozenset[RecordFormat] = frozenset(each for each in RecordFormat if each.is_asked)
    is_built_in: bool = True

    def drafts(self, source: Source) -> Iterator[Draft]:
        """What it makes of a passage; nothing where it does not apply."""
        if not self.conditions.hold(source):
            return
        place, common = record_id_of(source.passage), source.common()
        for number, values in enumerate(islice(self.kind.examples(source), MOST_EXAMPLES)):
            slots = {**common, **values}
            yield Draft(
                question=filled(self._wording(f"{place}-{self.name}-{number}"), slots),
                context=filled(self.context, slots),
                answer=filled(self.answer, slots),
                template=self.name,
                template_version=self.version,
                number=number,
            )

    def _wording(self, record: str) -> str:
        digest = hashlib.blake2b(record.encode(), digest_size=4).digest()
        return self.questions[int.from_bytes(digest, "big") % len(self.questions)]
