"""What states, reasons and events of a job are called, for people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frontend.cli import formats
from frontend.cli.texts import TEXTS, text
from shared.models.job import JobStatus

if TYPE_CHECKING:
    from frontend.client.models import Job, JobEvent


def state(job: "Job") -> str:
    """Status of a job, with what was asked of it."""
    asked = ""
    if job.cancel_requested and not job.status.is_terminal:
        asked = text("job.cancelling")
    elif job.is_paused and not job.status.is_terminal:
        asked = text("job.pausing") if job.status is JobStatus.RUNNING else text("job.held")
    return f"{job.status.value} ({asked})" if asked else job.status.value


def outcome(name: object) -> str:
    """How an attempt ended, or why a job failed: the word that programs see, and what it means."""
    if not name:
        return ""
    key = f"outcome.{name}"
    return f"{name}: {text(key)}" if key in TEXTS else str(name)


def ended(name: object, message: object) -> str:
    """How an attempt ended, in the words of whoever ended it, else in ours."""
    return f"{name}: {message}" if name and message else outcome(name)


def waiting(job: "Job") -> str:
    """What a queued job waits for."""
    if job.status is not JobStatus.QUEUED or job.is_paused:
        return ""
    parts = []
    if job.queue_position is not None:
        before = job.queue_position - 1
        parts.append(text("job.waits_for", n=before) if before else text("job.is_next"))
    if job.not_before is not None:
        parts.append(text("job.not_before", moment=formats.moment(job.not_before)))
    return ", ".join(parts)


def happened(event: "JobEvent") -> str:
    """What an event tells beyond the state of the job."""
    return told(event.payload)


def told(detail: Mapping[str, Any]) -> str:
    """What the details of an event say."""
    if detail.get("text") or detail.get("error_message"):
        return str(detail.get("text") or detail["error_message"])
    if detail.get("cancel_requested"):
        return text("job.cancelling")
    if detail.get("is_paused") is not None:
        return text("job.held") if detail["is_paused"] else text("job.unpaused")
    if detail.get("reason"):
        return ended(detail["reason"], detail.get("message"))
    groups = [detail[name] for name in ("evaluation", "plan") if isinstance(detail.get(name), Mapping)]
    shown = [f"{name} {value}" for group in groups for name, value in formats.figures(group)]
    return ", ".join(shown) or str(detail.get("path") or detail.get("adapter_path") or "")
