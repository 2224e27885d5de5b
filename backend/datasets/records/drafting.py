"""Who writes the words of records: the document itself, the templates, or people who corrected an answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backend.datasets.records.candidates import Candidate
from backend.datasets.records.drafts import Draft
from backend.datasets.records.personal import TreatedPassage
from backend.datasets.records.render import running_text
from backend.datasets.records.templates.base import Source
from backend.datasets.records.templates.registry import DEFAULT, chosen_templates, installed_templates
from backend.datasets.records.templates.template import Template
from shared.models.dataset import RecordFormat, Split

NO_TEMPLATE = "no_template"
"""Why a section was left out that no chosen template applies to."""


@dataclass(frozen=True, slots=True)
class KeptPassage:
    """A passage that records are to be made of.

    Args:
        treated: Its words as they may be used.
        score: Its quality.
        split: Where its document belongs.
    """

    treated: TreatedPassage
    score: float
    split: Split


class Drafter(Protocol):
    """Makes drafts of passages.

    Args:
        reason: Why the sections of a passage were left out that no draft came of.
        is_whole: Whether every draft is its whole passage under its headings, and nothing else.
    """

    reason: str
    is_whole: bool

    def begin(self, found: Iterable[Candidate]) -> None:
        """Look at everything that was found and is not dropped, before the first passage."""
        ...

    def drafts(self, treated: TreatedPassage) -> Sequence[Draft]:
        """Those of one passage for which nobody has to be asked; the same ones however often, behind `begin`."""
        ...

    def drafted(self, kept: Iterable[KeptPassage]) -> Iterator[tuple[KeptPassage, Sequence[Draft]]]:
        """Every passage in its order, with its drafts in the order of their records' ids.

        Of passages outside of train these are their `drafts`: what is held out is compared with train before it is
        written.
        """
        ...

    def parameters(self) -> Mapping[str, Any]:
        """What decides over the words besides the documents, as plain JSON; part of what names a version."""
        ...

    def statistics(self, written: Mapping[str, int]) -> Mapping[str, Any]:
        """What the statistics of the dataset say about who wrote it.

        Args:
            written: Template -> records.
        """
        ...


class RunningTextDrafter:
    """The document's own text under its title and headings."""

    reason = NO_TEMPLATE
    is_whole = True

    def begin(self, found: Iterable[Candidate]) -> None:
        """Needs no look."""

    def drafts(self, treated: TreatedPassage) -> list[Draft]:
        """One."""
        return [running_text(treated.passage, treated.bodies)]

    def drafted(self, kept: Iterable[KeptPassage]) -> Iterator[tuple[KeptPassage, Sequence[Draft]]]:
        """One draft of each."""
        for each in kept:
            yield each, self.drafts(each.treated)

    def parameters(self) -> Mapping[str, Any]:
        """Nothing: there is one way only."""
        return {}

    def statistics(self, written: Mapping[str, int]) -> Mapping[str, Any]:
        """Nothing, for the same reason."""
        return {}


class TemplateDrafter:
    """Questions and answers by templates.

    Args:
        templates: Those that make the shape that is asked for, by name.
    """

    reason = NO_TEMPLATE
    is_whole = False

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = templates

    def begin(self, found: Iterable[Candidate]) -> None:
        """Needs no look."""

    def drafts(self, treated: TreatedPassage) -> list[Draft]:
        """What all templates that apply make of a passage."""
        source = Source(treated.passage, treated.bodies)
        return [draft for template in self._templates for draft in template.drafts(source)]

    def parameters(self) -> Mapping[str, Any]:
        """Every template in use, the very file."""
        return {"templates": {each.name: {"version": each.version, "sha256": each.sha256} for each in self._templates}}

    def statistics(self, written: Mapping[str, int]) -> Mapping[str, Any]:
        """Every template in use, the very file, and how many records it made."""
        return {
            "template_files": {
                each.name: {"version": each.version, "sha256": each.sha256, "records": written.get(each.name, 0)}
                for each in self._templates
            }
        }

    def drafted(self, kept: Iterable[KeptPassage]) -> Iterator[tuple[KeptPassage, Sequence[Draft]]]:
        """What all templates that apply make of each."""
        for each in kept:
            yield each, self.drafts(each.treated)


def drafter_for(record_format: RecordFormat, templates: Sequence[Template] | None = None) -> Drafter:
    """Who writes records of a shape from documents alone.

    Args:
        record_format: Any but a preference, which no document holds.
        templates: None: the built-in ones of `DEFAULT`.
    """
    if record_format is RecordFormat.TEXT:
        return RunningTextDrafter()
    if templates is None:
        templates = chosen_templates(DEFAULT, installed_templates())
    return TemplateDrafter([each for each in templates if record_format in each.shapes])
