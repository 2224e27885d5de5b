"""Erasing documents: out of the truth, then out of everything that is kept beside it; and what has seen them."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backend.datasets.records.candidates import document_key
from backend.datasets.report.file_names import REPORT_FOLDER
from backend.datasets.report.redacting import redact_samples
from backend.datasets.still_kept import StillKept
from shared.auth.audit import audit_entry
from shared.database.base import DatasetNotFound, DatasetStore, DocumentStore
from shared.errors import Unavailable
from shared.models.erasure import DocumentUses
from shared.models.users import Principal

logger = logging.getLogger(__name__)


class Fed(Protocol):
    """Search stores that follow the truth."""

    @property
    def fed_stores(self) -> tuple[str, ...]:
        """Their names."""
        ...

    def catch_up(self, store: str) -> int:
        """Take over what waits for a store."""
        ...


@dataclass(frozen=True, slots=True)
class Erasure:
    """A document that is gone.

    Args:
        uses: What has seen it and is still there, as it is now.
        is_new: Whether it was erased now; else only what an earlier erasure may have left was looked for.
        pending: Search store -> changes that it has not taken yet; searches show nothing of the document all the same.
        redacted_samples: Samples that were taken out of reports now.
    """

    uses: DocumentUses
    is_new: bool
    pending: Mapping[str, int]
    redacted_samples: int


class ErasureDesk:
    """The use cases of erasing.

    What the truth holds goes in one transaction with its audit entry; the rest follows, and erasing again does what a
    crash in between left undone.

    Args:
        documents: Truth of documents.
        datasets: Truth of datasets.
        search: The search stores.
        forgetting: Each removes what is kept of a document beside the truth, by its id; doing it twice does no harm.
    """

    def __init__(
        self,
        documents: DocumentStore,
        datasets: DatasetStore,
        search: Fed,
        forgetting: Sequence[Callable[[str], None]] = (),
    ) -> None:
        self._documents = documents
        self._datasets = datasets
        self._search = search
        self._forgetting = forgetting

    def uses(self, document_id: str) -> DocumentUses:
        """What has seen a document, whether it is registered or was erased.

        Raises:
            DocumentNotFound: If there never was such a document.
        """
        return self._documents.uses(document_id)

    def erase(self, document_id: str, reason: str, principal: Principal, *, request_id: str | None = None) -> Erasure:
        """Erase a document for good; versions that hold it are withdrawn.

        Raises:
            DocumentNotFound: If there never was such a document.
            Unavailable: If the truth cannot be written, and nothing has happened; or if files cannot be removed: the
                document is gone then, from everything else as well, and erasing it again goes on.
        """
        is_new = not self._documents.uses(document_id).is_erased
        if is_new:
            audit = audit_entry(
                principal, "document.erased", "document", document_id, request_id=request_id, reason=reason
            )
            self._documents.erase(document_id, audit=audit)
        failures: list[Unavailable] = []
        for forget in self._forgetting:
            with _noting(failures):
                forget(document_id)
        uses, redacted = self._documents.uses(document_id), 0
        with _noting(failures):
            redacted = self._redact_reports(uses)
        pending = self._catch_up()
        if failures:
            raise failures[0]
        logger.info("document.erased", extra={"document_id": document_id, "is_new": is_new, "redacted": redacted})
        return Erasure(uses, is_new, pending, redacted)

    def _redact_reports(self, uses: DocumentUses) -> int:
        key = document_key(uses.source, uses.path)
        redacted = 0
        for used in uses.datasets:
            try:
                path = self._datasets.get(used.dataset_id).path
            except DatasetNotFound:
                continue  # deleted meanwhile
            if path is not None:
                redacted += redact_samples(Path(path).parent / REPORT_FOLDER, lambda name: name.startswith(f"{key}-"))
        return redacted

    def _catch_up(self) -> dict[str, int]:
        """Have the search stores take the erasure over now; what is down takes it over when it is back."""
        pending: dict[str, int] = {}
        for store in self._search.fed_stores:
            try:
                self._search.catch_up(store)
            except Unavailable:
                logger.warning("search.feed_failed", exc_info=True, extra={"store": store})
            if waiting := self._documents.outbox_size(store):
                pending[store] = waiting
        return pending


@contextmanager
def _noting(failures: list[Unavailable]) -> Iterator[None]:
    """Go on after what cannot be removed: the words leave every other place all the same."""
    try:
        yield
    except (Unavailable, OSError) as exc:
        logger.warning("document.not_forgotten", exc_info=True)
        failures.append(exc if isinstance(exc, Unavailable) else _still_kept(exc))


def _still_kept(failure: OSError) -> StillKept:
    return StillKept(Path(str(failure.filename or "the data folder")), failure.strerror or str(failure))
