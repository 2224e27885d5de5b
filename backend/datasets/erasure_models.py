"""What enters and leaves the routes of erasing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field

from backend.common.exact import Reason
from backend.datasets.erasing import Erasure
from shared.models.dataset import DatasetStatus, Split
from shared.models.erasure import DocumentUses


class EraseRequest(BaseModel):
    """Why a document goes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason = Field(
        description="Kept in the audit log for good and shown nowhere else: name no person and quote nothing."
    )


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class DatasetUseView(_View):
    """A version of a dataset with records that were made of the document."""

    dataset_id: str
    name: str
    version: int
    status: DatasetStatus
    is_withdrawn: bool
    records: Mapping[Split, int] = Field(description="How many of its records, by split.")
    export_formats: Sequence[str] = Field(description="Exports of it that lie on the server.")


class AdapterUseView(_View):
    """An adapter that was trained on such a version."""

    adapter_id: str
    name: str
    job_id: str
    dataset_id: str
    base_model: str
    is_active: bool = Field(description="Whether it is the promoted adapter of its base model.")


class DocumentUsesView(_View):
    """What has seen a document, registered or erased: what an erasure reaches, and what is left after it."""

    document_id: str
    source: str
    path: str
    title: str = Field(description="Empty once it is erased.")
    version: int
    sections: int
    is_erased: bool
    datasets: Sequence[DatasetUseView] = Field(
        description="An erasure withdraws those that are completed; records and exports stay until they are deleted."
    )
    adapters: Sequence[AdapterUseView] = Field(description="A model does not forget: train anew without the document.")
    jobs: Sequence[str] = Field(description="Jobs on these versions that have not ended.")
    reviews: int = Field(description="Quality reviews of its texts.")

    @classmethod
    def of(cls, uses: DocumentUses) -> "DocumentUsesView":
        """The public face of the uses of a document."""
        datasets = [{**asdict(each), "version": each.version_number} for each in uses.datasets]
        return cls.model_validate({**asdict(uses), "datasets": datasets})


class DocumentErased(_View):
    """The receipt of an erasure, with everything that is left."""

    success: bool = True
    message: str
    is_new: bool = Field(description="False: it was erased before, and only leftovers were looked for.")
    redacted_samples: int = Field(description="Samples of its text that were taken out of reports now.")
    pending_stores: Mapping[str, int] = Field(
        description="Search stores with changes they have not taken yet, the erasure perhaps among them; they take it "
        "by themselves. No search shows the document meanwhile."
    )
    data: DocumentUsesView

    @classmethod
    def of(cls, erasure: Erasure) -> "DocumentErased":
        """The receipt."""
        uses = erasure.uses
        return cls(
            message=f"Document {uses.document_id} is erased and is not taken in again. Left are records in "
            f"{len(uses.datasets)} dataset versions and what {len(uses.adapters)} adapters learned.",
            is_new=erasure.is_new,
            redacted_samples=erasure.redacted_samples,
            pending_stores=erasure.pending,
            data=DocumentUsesView.of(uses),
        )
