"""What CLARA asks of a database about erasing documents; a part of `DocumentStore`."""

from dataclasses import replace
from typing import Protocol

from shared.models.erasure import DocumentUses
from shared.models.events import AuditEntry


class DocumentErasure(Protocol):
    """Documents leave for good, and it is known what has seen them."""

    def erase(self, document_id: str, *, audit: AuditEntry) -> None:
        """Remove a document in all its versions, for good; id, path and a last version number stay.

        In the same transaction the outbox tells the derived stores, completed datasets with records of the document are
        withdrawn (with an event and an audit entry each, by whoever erases), open quality reviews of its texts go, and
        decided ones lose their notes, which may quote it. The records themselves are not touched.

        Raises:
            DocumentNotFound: If there is none (any more).
        """
        ...

    def uses(self, document_id: str) -> DocumentUses:
        """What was made of a document, whether it is registered or was erased; everything, however much it is.

        Raises:
            DocumentNotFound: If there never was such a document.
        """
        ...


def withdrawal_reason(document_id: str) -> str:
    """Why such a dataset is withdrawn: shown to everybody, so it says no more than this."""
    return f"Document {document_id} was erased."


def withdrawal_entry(erasure: AuditEntry, document_id: str, dataset_id: str) -> AuditEntry:
    """The audit entry of such a withdrawal: by the person and in the request of the erasure."""
    detail = {"reason": withdrawal_reason(document_id), "document_id": document_id}
    return replace(erasure, action="dataset.withdrawn", object_type="dataset", object_id=dataset_id, detail=detail)
