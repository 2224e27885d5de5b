"""Erasing documents: what has seen one, and erasing it; one method per route of the dataset service."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from frontend.client.models import Answer
from frontend.client.transport import Transport
from shared.models.dataset import DatasetStatus, Split


class DatasetUse(Answer):
    """A version of a dataset with records that were made of a document; `records` counts them by split."""

    dataset_id: str
    name: str = ""
    version: int = 1
    status: DatasetStatus
    is_withdrawn: bool = False
    records: Mapping[Split, int] = {}
    export_formats: Sequence[str] = ()


class AdapterUse(Answer):
    """An adapter that was trained on such a version."""

    adapter_id: str
    name: str = ""
    job_id: str = ""
    dataset_id: str = ""
    base_model: str = ""
    is_active: bool = False


class DocumentUses(Answer):
    """A document, registered or erased, and everything that has seen it."""

    document_id: str
    source: str = ""
    path: str = ""
    title: str = ""
    version: int = 1
    sections: int = 0
    is_erased: bool = False
    datasets: Sequence[DatasetUse] = ()
    adapters: Sequence[AdapterUse] = ()
    jobs: Sequence[str] = ()
    reviews: int = 0


class DocumentErased(Answer):
    """The receipt of an erasure; `data` is what is left."""

    message: str = ""
    is_new: bool = True
    redacted_samples: int = 0
    pending_stores: Mapping[str, int] = {}
    data: DocumentUses


class ErasureClient:
    """Routes below `/api/datasets/documents/{document_id}` that deal with erasing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def uses(self, document_id: str) -> DocumentUses:
        """Versions, jobs and adapters that have seen a document, also one that was erased.

        Raises:
            ServiceNotFound: If there never was such a document.
        """
        return self._transport.get(f"{_document(document_id)}/uses", DocumentUses)

    def erase(self, document_id: str, reason: str) -> DocumentErased:
        """Erase a document for good and withdraw the versions that hold it; repeating it does no harm.

        Args:
            document_id: Of a document that is registered or was erased.
            reason: For the audit log, at least 3 characters.

        Raises:
            ServiceNotFound: If there never was such a document.
        """
        return self._transport.call(
            "POST",
            f"{_document(document_id)}/erase",
            DocumentErased,
            body={"reason": reason},
            is_repeatable=True,
            is_slow=True,
        )


def _document(document_id: str) -> str:
    return f"/api/datasets/documents/{quote(document_id, safe='')}"
