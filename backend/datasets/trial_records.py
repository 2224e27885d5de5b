"""Records of chosen sections as a build would make them, whatever their quality: what a trial of templates shows."""

from collections.abc import Iterable, Iterator
from typing import Any

from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.record_making import RecordMaking
from backend.datasets.record_order import RecordOrder
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.drafting import KeptPassage
from backend.datasets.records.judging import RulingsOf, judged_sections
from backend.datasets.records.licences import Licences
from backend.datasets.records.passages import passages
from backend.datasets.records.personal import TreatedPassage, without_personal_data
from backend.datasets.records.record_frame import RecordFrame
from backend.datasets.records.render import bodies_of
from backend.datasets.splits import SplitPlan
from backend.datasets.tokens import UnicodeWordCounter
from shared.models.document import StoredSection


class TrialRecords:
    """Makes records of sections; nothing is dropped for its quality, compared or stored.

    Args:
        making: What records are made with.
        quality: Judges.
        personal_data: What is done with it.
        rulings_of: What people decided about texts.
        licences: Of documents.
    """

    def __init__(
        self,
        making: RecordMaking,
        quality: QualityPipeline,
        personal_data: PersonalData,
        rulings_of: RulingsOf,
        licences: Licences,
    ) -> None:
        self._making = making
        self._quality = quality
        self._personal_data = personal_data
        self._rulings_of = rulings_of
        self._licences = licences

    def records(self, order: RecordOrder, sections: Iterable[StoredSection]) -> Iterator[dict[str, Any]]:
        """The records that an order makes of sections, in their order.

        Raises:
            UnknownTemplate: If there is no such template.
        """
        frame = RecordFrame(order.record_format, self._quality.profile_version, UnicodeWordCounter(), self._licences.of)
        for kept, drafts in self._making.drafter(order).drafted(self._kept(order, sections)):
            for draft in drafts:
                yield frame.record(kept, draft)

    def _kept(self, order: RecordOrder, sections: Iterable[StoredSection]) -> Iterator[KeptPassage]:
        found = (Candidate(each, 1.0) for each in sections)
        judged = (each.candidate for each in judged_sections(found, self._quality, self._rulings_of))
        for passage in passages(judged, limit=self._making.limit(order)):
            treated: TreatedPassage = without_personal_data(passage, bodies_of(passage), self._personal_data)
            if not treated.is_dropped:
                yield KeptPassage(treated, passage.first.quality, SplitPlan().split(passage.first.stored.path))
