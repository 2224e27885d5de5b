"""What leaves CLARA for another system: each ended job goes to each destination once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExportClaim:
    """The right to export a job for a while.

    Args:
        job_id: An ended job.
        destination: Where to, without any password.
        number: 1, 2, 3 … per job and destination; a later one takes the right from an earlier one.
    """

    job_id: str
    destination: str
    number: int


@dataclass(frozen=True, slots=True)
class ExportStatus:
    """How a destination is served.

    Args:
        waiting: Ended jobs that are not there yet.
        exported: Jobs that are.
        failed: Of the waiting ones, those that were tried and failed.
        reason: Why the last of them failed.
    """

    waiting: int = 0
    exported: int = 0
    failed: int = 0
    reason: str | None = None
