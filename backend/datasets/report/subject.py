"""Which dataset a report is about, beside its statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Language(StrEnum):
    """Languages of reports."""

    GERMAN = "de"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class ReportSubject:
    """What was ordered, and what it is known by. No moment is in it: the same dataset has the same report.

    Args:
        query_text: What was searched for.
        content_sha256: Of the records.
        seed: Of splits and samples.
        shares: Split -> wished share.
        statistics: As `GET /api/datasets/{id}/statistics` tells them.
    """

    dataset_id: str
    name: str
    description: str
    query_text: str
    content_sha256: str
    record_format: str
    quality_profile: str
    min_quality_score: float
    deduplicate: str
    personal_data_policy: str
    split_algorithm: str
    seed: int
    shares: Mapping[str, float]
    export_formats: Sequence[str]
    statistics: Mapping[str, Any] = field(default_factory=dict)
