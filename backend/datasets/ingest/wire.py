"""The lines between the dataset service and its ingest worker: one JSON object each, both ways."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.datasets.ingest.events import IngestCounts, IngestEvent, IngestEventKind
from backend.datasets.ingest.walk import SourceFile
from shared.storage import confined

READY = "ready"
EVENT = "event"
INDEXING = "indexing"
SUMMARY = "summary"
ERROR = "error"


def request_line(root: Path, source: str, ingested_by: str, files: Sequence[SourceFile]) -> dict[str, Any]:
    """What the service asks for."""
    named = [{"path": str(file.path), "name": file.name} for file in files]
    return {"root": str(root), "source": source, "ingested_by": ingested_by, "files": named}


def requested_files(request: Mapping[str, Any]) -> list[SourceFile]:
    """The files of a request.

    Raises:
        PathNotAllowed: If one lies outside of the request's root.
        KeyError: If the request lacks a field.
    """
    root = Path(request["root"])
    return [SourceFile(confined(root, file["path"]), str(file["name"])) for file in request["files"]]


def event_line(event: IngestEvent) -> dict[str, Any]:
    """A step of the ingest."""
    return {"type": EVENT, **asdict(event)}


def event_from(line: Mapping[str, Any]) -> IngestEvent:
    """The step from its line."""
    return IngestEvent(
        kind=IngestEventKind(line["kind"]),
        counts=IngestCounts(**line["counts"]),
        files_total=int(line["files_total"]),
        bytes_total=int(line["bytes_total"]),
        path=str(line["path"]),
        reason=str(line["reason"]),
    )
