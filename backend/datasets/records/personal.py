"""Passages without personal data: a policy over everything of a source that becomes words of a record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backend.datasets.pii.treating import PersonalData
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.passages import Passage

if TYPE_CHECKING:
    from backend.datasets.pii.applying import Deed


@dataclass(frozen=True, slots=True)
class TreatedPassage:
    """A passage as it may be used.

    Args:
        passage: With other headings; its spans stay those of the source.
        bodies: What its record is made of; none where it must not be used.
        deeds: What was done, once for each of its different texts.
    """

    passage: Passage
    bodies: Sequence[str]
    deeds: "Sequence[Deed]" = ()

    @property
    def is_dropped(self) -> bool:
        """Whether nothing of it may be used."""
        return not self.bodies


def without_personal_data(passage: Passage, bodies: Sequence[str], personal_data: PersonalData) -> TreatedPassage:
    """Treat the bodies, the document's title and the headings of a passage; source and path name the source as ever."""
    if not personal_data.is_treated:
        return TreatedPassage(passage, bodies)
    texts = list(dict.fromkeys([*bodies, *_headings(passage)]))
    done = personal_data.treat(texts)
    if done.texts is None:
        return TreatedPassage(passage, (), done.deeds)
    treated = dict(zip(texts, done.texts, strict=True))
    candidates = tuple(_with_headings(each, treated) for each in passage.candidates)
    return TreatedPassage(replace(passage, candidates=candidates), [treated[body] for body in bodies], done.deeds)


def _headings(passage: Passage) -> Iterator[str]:
    for each in passage.candidates:
        yield each.stored.document_title
        yield each.section.heading
        yield from each.section.heading_path


def _with_headings(candidate: Candidate, treated: Mapping[str, str]) -> Candidate:
    stored, section = candidate.stored, candidate.section
    section = replace(
        section,
        heading=treated[section.heading],
        heading_path=tuple(treated[each] for each in section.heading_path),
    )
    return replace(candidate, stored=replace(stored, document_title=treated[stored.document_title], section=section))
