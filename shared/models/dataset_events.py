"""What happened to a dataset: a gap-free sequence per dataset, as jobs have it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class DatasetEventType(StrEnum):
    """Kinds of dataset events; a later `progress` supersedes an earlier one, `stage` says that one is finished."""

    STATUS = "status"
    STAGE = "stage"
    PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class DatasetEvent:
    """One thing that happened to a dataset.

    Args:
        dataset_id: The dataset it belongs to.
        seq: 1, 2, 3 … per dataset, without gaps; assigned in the transaction of the change it reports.
        type: What kind of thing happened.
        payload: JSON-able fields, `status` among them.
        created_at: UTC, the database's clock.
    """

    dataset_id: str
    seq: int
    type: DatasetEventType
    payload: Mapping[str, Any]
    created_at: datetime
