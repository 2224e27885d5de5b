"""Lines of sections that were not made before: judged, treated, worded and written as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from backend.datasets.models import DatasetRequest
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.pipeline import Decision, QualityPipeline
from backend.datasets.ready.key import key_of
from backend.datasets.ready.lines import SectionKey, SectionLines
from backend.datasets.ready.orders import noted
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.content import json_lines
from backend.datasets.records.drafting import KeptPassage
from backend.datasets.records.judging import JudgedSection, judged_sections
from backend.datasets.records.licences import Licences
from backend.datasets.records.passages import Passage
from backend.datasets.records.personal import without_personal_data
from backend.datasets.records.record_frame import RecordFrame
from backend.datasets.records.schema import REAL_COLUMNS
from backend.datasets.splits import SplitPlan
from backend.datasets.tokens import UnicodeWordCounter
from shared.models.review import ReviewState


class LineMaker:
    """Makes the lines of an order, section by section; nothing is merged, cut or compared.

    Args:
        order: Whose records they are.
        quality: Judges.
        making: Means of this installation.
        personal_data: What is done with it.
        licences: Of documents.
    """

    def __init__(
        self,
        order: DatasetRequest,
        quality: QualityPipeline,
        making: RecordMaking,
        personal_data: PersonalData,
        licences: Licences,
    ) -> None:
        self._quality = quality
        self._personal_data = personal_data
        self._licences = licences
        self._drafter = making.drafter(order)
        counter = UnicodeWordCounter()
        self._frame = RecordFrame(order.record_format, quality.profile_version, counter, licences.of)
        self._plan = SplitPlan(order.seed, order.split.model_dump())
        self.key = key_of(order, self._drafter, quality, personal_data, counter)
        self.note = noted(order)

    def made(self, wanted: Sequence[tuple[SectionKey, Candidate]]) -> Iterator[SectionLines]:
        """The lines of sections in their order, as of the most relevant ones.

        Args:
            wanted: Judged as many at once as is quickest.
        """
        self._licences.look_up(candidate.stored.document_id for _, candidate in wanted)
        whole = (replace(candidate, relevance=1.0) for _, candidate in wanted)
        judged = judged_sections(whole, self._quality, _no_rulings)
        for (key, _), each in zip(wanted, judged, strict=True):
            yield self._lines(key, each)

    def _lines(self, key: SectionKey, judged: JudgedSection) -> SectionLines:
        # also of a rejected one: a person may decide otherwise at any moment
        records = list(self._records(judged))
        return SectionLines(
            key,
            judged.text_key,
            judged.candidate.quality,
            judged.assessment.decision is Decision.REJECT,
            len(records),
            json_lines(records, reals=REAL_COLUMNS) if records else b"",
        )

    def _records(self, judged: JudgedSection) -> Iterator[dict[str, Any]]:
        candidate = judged.candidate
        treated = without_personal_data(Passage((candidate,)), [judged.text], self._personal_data)
        if treated.is_dropped:
            return
        split = self._plan.split(candidate.stored.path)
        for kept, drafts in self._drafter.drafted([KeptPassage(treated, candidate.quality, split)]):
            for draft in drafts:
                yield self._frame.record(kept, draft)


def _no_rulings(_text_keys: Sequence[str]) -> Mapping[str, ReviewState]:
    """Lines are the same whatever people decide; that only says which of them are sent."""
    return {}
