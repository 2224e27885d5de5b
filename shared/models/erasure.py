"""What an erasure of a document has to reach: the versions, jobs and adapters that have seen it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from shared.models.adapter import Adapter
from shared.models.dataset import Dataset, DatasetStatus, Split


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

    @classmethod
    def of(cls, dataset: Dataset, records: Mapping[Split, int]) -> Self:
        """A dataset with so many records of the document."""
        return cls(
            dataset_id=dataset.dataset_id,
            name=dataset.name,
            version_number=dataset.version_number,
            status=dataset.status,
            is_withdrawn=dataset.is_withdrawn,
            records=records,
            export_formats=sorted(dataset.export_paths),
        )


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

    @classmethod
    def of(cls, adapter: Adapter, dataset_id: str, *, is_active: bool) -> Self:
        """An adapter that was trained on a dataset."""
        return cls(adapter.adapter_id, adapter.name, adapter.job_id, dataset_id, adapter.base_model, is_active)


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
