"""Entries that the stores write by themselves: for changes that come in batches, or from CLARA's own doing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from shared.models.document import Document
from shared.models.events import AuditEntry
from shared.models.export import ExportClaim

_SYSTEM = "system"


def registered(documents: Iterable[Document]) -> Sequence[AuditEntry]:
    """An entry per person who registered versions of documents in one transaction: hardly ever more than one."""
    by_person: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        by_person[document.ingested_by].append(document)
    return [
        AuditEntry(
            action="document.registered",
            object_type="document",
            object_id=written[0].document_id if len(written) == 1 else f"{len(written)} documents",
            actor=person,
            detail={"versions": {document.document_id: document.version for document in written}},
        )
        for person, written in by_person.items()
    ]


def doubted(run_id: str, texts: int) -> AuditEntry:
    """A quality run put texts on the list of what people shall look at."""
    return AuditEntry("quality.doubted", "quality_run", run_id, _SYSTEM, detail={"texts": texts})


def settled(run_id: str, texts: int) -> AuditEntry:
    """A quality run took texts from that list, since it doubts them no longer."""
    return AuditEntry("quality.settled", "quality_run", run_id, _SYSTEM, detail={"texts": texts})


def exported(claim: ExportClaim, reference: str) -> AuditEntry:
    """An ended job was told to a server outside."""
    detail = {"destination": claim.destination, "reference": reference}
    return AuditEntry("job.exported", "job", claim.job_id, _SYSTEM, detail=detail)
