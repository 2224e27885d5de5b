"""What an ingest says while it runs and when it is done."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar


class IngestEventKind(StrEnum):
    """Kinds of `IngestEvent`."""

    FILE = "file"  # a file is being read
    FAILED = "failed"  # a file, member, row or line could not be taken over
    SKIPPED = "skipped"  # left out on purpose: hidden, a link, a format that nothing reads
    COMMITTED = "committed"  # everything up to `files_committed` files is durable


@dataclass(frozen=True, slots=True)
class Problem:
    """A path and why it was not taken over."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IngestCounts:
    """How far an ingest is.

    Args:
        files_done: Files that were looked at to the end.
        files_committed: Of these, in order, those whose documents are durable.
        bytes_done: Bytes of the files done.
        documents_new: Documents registered for the first time.
        documents_updated: New versions of known documents.
        documents_unchanged: Documents whose bytes are registered already.
        sections: Sections of new and updated documents.
        failed: Files, members, rows and lines that could not be taken over.
        skipped: Paths left out on purpose.
    """

    files_done: int = 0
    files_committed: int = 0
    bytes_done: int = 0
    documents_new: int = 0
    documents_updated: int = 0
    documents_unchanged: int = 0
    sections: int = 0
    failed: int = 0
    skipped: int = 0

    def plus(self, **more: int) -> "IngestCounts":
        """The counts with some of them raised."""
        return replace(self, **{name: getattr(self, name) + value for name, value in more.items()})

    def merged(self, other: "IngestCounts") -> "IngestCounts":
        """The sum of both."""
        return self.plus(**asdict(other))


@dataclass(frozen=True, slots=True)
class IngestEvent:
    """One step of an ingest.

    Args:
        kind: What happened.
        path: To which file, member or row; empty for a commit.
        reason: Why it failed or was skipped.
        counts: The state after it.
        files_total: Files to look at in all.
        bytes_total: Their size.
    """

    kind: IngestEventKind
    counts: IngestCounts
    files_total: int
    bytes_total: int
    path: str = ""
    reason: str = ""


Report = Callable[[IngestEvent], None]


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """The outcome of an ingest.

    Args:
        counts: Final counts.
        problems: The first `MAX_PROBLEMS` failures by name; `counts.failed` says how many there were.
        files_total: Files that were to be looked at.
        seconds: Wall time.
    """

    counts: IngestCounts
    problems: tuple[Problem, ...]
    files_total: int
    seconds: float

    MAX_PROBLEMS: ClassVar[int] = 1000

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "IngestSummary":
        """The summary from what `asdict` made of it."""
        return cls(
            counts=IngestCounts(**fields["counts"]),
            problems=tuple(Problem(**problem) for problem in fields["problems"]),
            files_total=int(fields["files_total"]),
            seconds=float(fields["seconds"]),
        )
