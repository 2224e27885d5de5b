"""What an erasure of a document has to reach: the versions, jobs and adapters that have seen it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.models.dataset import DatasetStatus, Split


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A version of a dataset with records that were made of a document.

    Args:
        records: Split -> how many, without splits that have none.
        export_formats: Exports of it that lie on this installation.
    """

    dataset_id: str
    name: str
    version_number: int
    status: DatasetStatus
    is_withdrawn: bool
    records: Mapping[Split, int]
    export_formats: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AdapterUse:
    """An adapter that was trained on such a version.

    Args:
        is_active: Whether it is the promoted one of its base model.
    """

    adapter_id: str
    name: str
    job_id: str
    dataset_id: str
    base_model: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class DocumentUses:
    """A document, registered or erased, and everything that was made of it.

    Args:
        title: Empty once it is erased.
        version: The newest one; of an erased document one more than the last that anybody saw.
        sections: Of the newest version; 0 once it is erased.
        datasets: By id; builds that have not ended are named too.
        adapters: By id.
        jobs: Ids of jobs on these versions that have not ended.
        reviews: Quality reviews whose text was found in it.
    """

    document_id: str
    source: str
    path: str
    title: str
    version: int
    sections: int
    is_erased: bool
    datasets: Sequence[DatasetUse] = ()
    adapters: Sequence[AdapterUse] = ()
    jobs: Sequence[str] = ()
    reviews: int = 0
