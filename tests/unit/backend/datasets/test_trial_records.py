"""Records of a trial are those of a build, also of sections that a build would drop for their quality."""

from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.record_making import RecordMaking
from backend.datasets.record_order import RecordOrder
from backend.datasets.records.licences import Licences
from backend.datasets.trial_records import TrialRecords
from shared.models.dataset import RecordFormat
from tests.support.legal_texts import GOOD, a_candidate

_REPEALED = "(weggefallen)"


def _records(*texts: str, personal_data: PersonalData | None = None) -> list[str]:
    sections = [a_candidate(text, ordinal=number).stored for number, text in enumerate(texts)]
    making = TrialRecords(
        RecordMaking(), QualityPipeline(), personal_data or PersonalData(), lambda keys: {}, Licences()
    )
    order = RecordOrder(record_format=RecordFormat.TEXT)
    return [record["text"] for record in making.records(order, sections)]


def test_nothing_is_dropped_for_its_quality() -> None:
    found = _records(GOOD, _REPEALED)

    assert any(_REPEALED in text for text in found)
    assert any(GOOD[:40] in text for text in found)


def test_personal_data_is_treated_as_in_a_build() -> None:
    (text,) = _records(f"Herr Krause klagt.\n\n{GOOD}", personal_data=PersonalData(PolicyApplier()))

    assert "Herr [Person] klagt." in text
