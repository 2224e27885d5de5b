"""Keeps the counts of one ingest and tells them on."""

from backend.datasets.ingest.events import (
    IngestCounts,
    IngestEvent,
    IngestEventKind,
    IngestSummary,
    Problem,
    Report,
)


class IngestProgress:
    """The one place where an ingest's figures change."""

    def __init__(self, report: Report, files_total: int, bytes_total: int) -> None:
        self._report = report
        self._files_total = files_total
        self._bytes_total = bytes_total
        self._counts = IngestCounts()
        self._problems: list[Problem] = []

    def file(self, name: str) -> None:
        """A file is being looked at."""
        self._tell(IngestEventKind.FILE, name)

    def file_done(self, size_bytes: int) -> None:
        """It has been looked at to the end."""
        self._counts = self._counts.plus(files_done=1, bytes_done=size_bytes)

    def failed(self, path: str, reason: str) -> None:
        """Something could not be taken over."""
        self._counts = self._counts.plus(failed=1)
        if len(self._problems) < IngestSummary.MAX_PROBLEMS:
            self._problems.append(Problem(path, reason))
        self._tell(IngestEventKind.FAILED, path, reason)

    def skipped(self, path: str, reason: str) -> None:
        """Something was left out on purpose."""
        self._counts = self._counts.plus(skipped=1)
        self._tell(IngestEventKind.SKIPPED, path, reason)

    def unchanged(self) -> None:
        """A document is registered with these bytes already."""
        self._counts = self._counts.plus(documents_unchanged=1)

    def committed(self, *, new: int, updated: int, unchanged: int, sections: int) -> None:
        """A batch is durable, and with it all files that were done before."""
        counts = self._counts.plus(
            documents_new=new, documents_updated=updated, documents_unchanged=unchanged, sections=sections
        )
        self._counts = counts.plus(files_committed=counts.files_done - counts.files_committed)
        self._tell(IngestEventKind.COMMITTED)

    def summary(self, seconds: float) -> IngestSummary:
        """The outcome so far."""
        return IngestSummary(self._counts, tuple(self._problems), self._files_total, seconds)

    def _tell(self, kind: IngestEventKind, path: str = "", reason: str = "") -> None:
        self._report(IngestEvent(kind, self._counts, self._files_total, self._bytes_total, path, reason))
