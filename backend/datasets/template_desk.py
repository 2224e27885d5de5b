"""What people do with templates: look at them, and try them on a section or a document before ordering a dataset."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from backend.common.pagination import next_after
from backend.datasets.pii.treating import PersonalData
from backend.datasets.record_making import RecordMaking
from backend.datasets.record_order import RecordOrder
from backend.datasets.records.licences import Licences
from backend.datasets.reviewing import SectionNotFound
from backend.datasets.template_models import TemplateList, TemplateTrial, TemplateView, TriedTemplates
from shared.database.base import DocumentStore
from shared.errors import NotFound
from shared.models.document import StoredSection

if TYPE_CHECKING:
    from backend.datasets.quality.pipeline import QualityPipeline
    from backend.datasets.records.judging import RulingsOf
    from backend.datasets.records.templates.template import Template

MOST_SECTIONS = 2_000
"""Of a document that are looked at in a trial."""


class TemplateNotFound(NotFound):
    """There is no template of this name."""

    code = "template_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no template '{name}'; `clara datasets templates list` shows all.", template=name)


class TemplateDesk:
    """Templates as people see them.

    Args:
        documents: Whose sections are tried.
        making: Knows the templates.
        quality: Gives the pipeline that judges as in a build; nothing is dropped here.
        personal_data: What is done with it in records.
        rulings_of: What people decided about texts.
    """

    def __init__(
        self,
        documents: DocumentStore,
        making: RecordMaking,
        *,
        quality: "Callable[[], QualityPipeline]",
        personal_data: PersonalData,
        rulings_of: "RulingsOf",
    ) -> None:
        self._documents = documents
        self._making = making
        self._quality = quality
        self._personal_data = personal_data
        self._rulings_of = rulings_of

    def page(self, *, limit: int, after: str | None) -> TemplateList:
        """Templates by name.

        Raises:
            UnusableTemplate: If a file of the installation's own folder cannot be used.
        """
        installed = self._making.installed()
        rows = [each for name, each in installed.items() if after is None or name > after][: limit + 1]
        cursor: Callable[[Template], str] = lambda each: each.name  # noqa: E731 - mypy needs its type
        return TemplateList(
            templates=[_view(each) for each in rows[:limit]],
            total_count=len(installed),
            next_after=next_after(rows, limit, cursor),
        )

    def get(self, name: str) -> TemplateView:
        """One template.

        Raises:
            TemplateNotFound: If there is none of this name.
        """
        installed = self._making.installed()
        if name not in installed:
            raise TemplateNotFound(name)
        return _view(installed[name])

    def tried(self, trial: TemplateTrial) -> TriedTemplates:
        """Records that a dataset would hold, whatever its sections' quality.

        Raises:
            SectionNotFound: If there is no such section.
            DocumentNotFound: If there is no such document.
            UnknownTemplate: If there is no such template.
        """
        names = trial.templates or list(self._making.installed())
        order = RecordOrder(
            record_format=trial.record_format,
            max_tokens=trial.max_tokens,
            overlap_tokens=trial.overlap_tokens,
            templates=names if trial.record_format.is_asked else [],
        )
        chosen = [each.name for each in self._making.chosen(order)]
        shown = list(islice(self._records(order, trial), trial.limit + 1))
        made = Counter(each["metadata"]["template"] for each in shown)
        return TriedTemplates(
            records=shown[: trial.limit],
            total_count=min(len(shown), trial.limit),
            is_complete=len(shown) <= trial.limit,
            not_applied=[name for name in chosen if not made[name]] if len(shown) <= trial.limit else [],
        )

    def _records(self, order: RecordOrder, trial: TemplateTrial) -> Iterator[dict[str, Any]]:
        # imported here: an idle service does without what makes records
        from backend.datasets.trial_records import TrialRecords

        licences = Licences(self._documents.newest)
        making = TrialRecords(self._making, self._quality(), self._personal_data, self._rulings_of, licences)
        return making.records(order, self._sections(trial))

    def _sections(self, trial: TemplateTrial) -> Sequence[StoredSection]:
        if trial.section_id is None:
            return self._documents.sections(trial.document_id or "")[:MOST_SECTIONS]
        found = self._documents.sections_by_id([trial.section_id])
        if trial.section_id not in found:
            raise SectionNotFound(trial.section_id)
        return [found[trial.section_id]]


def _view(template: "Template") -> TemplateView:
    from backend.datasets.records.templates.base import COMMON_SLOTS

    return TemplateView(
        name=template.name,
        version=template.version,
        kind=template.kind.name,
        language=template.language,
        description=template.description,
        is_built_in=template.is_built_in,
        sha256=template.sha256,
        shapes=sorted(each.value for each in template.shapes),
        conditions={name: value for name, value in asdict(template.conditions).items() if value not in (None, (), 0)},
        slots=sorted(COMMON_SLOTS | template.kind.slots),
        questions=template.questions,
        context=template.context,
        answer=template.answer,
    )
