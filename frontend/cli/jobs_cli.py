"""`clara jobs …`."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.failure import ExitCode
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text
from shared.models.job import JobStatus

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client import ClaraClient
    from frontend.client.models import Job, JobEvent

jobs = typer.Typer(no_args_is_help=True, help="Follow, stop and repeat trainings.")

JobId = Annotated[str, typer.Argument(help="Id as shown by `clara jobs list`.")]
_EXAMPLE_ID = "job_1hq7x0a2b3c4d5e6f"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(jobs, name="jobs")


@command(jobs, "list", examples=("clara jobs list", "clara jobs list --status running --json"))
def list_jobs(
    session: Session,
    status: Annotated[JobStatus | None, typer.Option("--status", help="Only these.")] = None,
    limit: Limit = 50,
) -> None:
    """List jobs, newest first."""
    with session.client() as client:
        page = client.jobs.page(status=status, limit=min(limit, 200))
        shown = list(islice(client.jobs.iterate(status=status, page_size=min(limit, 200)), limit))
    counts = {
        "total_count": page.total_count,
        "active_count": page.active_count,
        "completed_count": page.completed_count,
        "failed_count": page.failed_count,
    }
    rows = [
        (
            j.job_id,
            j.job_name,
            j.trainer_type,
            j.status.value,
            f"{j.progress_percent:.0f} %",
            formats.number((j.metrics or {}).get("loss")),
            formats.ago(j.created_at),
        )
        for j in shown
    ]
    columns = ("Id", "Name", "Trainer", "Status", ">Progress", ">Loss", "Created")
    session.answer(
        {"jobs": [j.as_json() for j in shown], **counts},
        lambda: table(columns, rows) if rows else text("list.empty", hint=text("jobs.none")),
    )
    session.say(text("jobs.counts", **{name.removesuffix("_count"): n for name, n in counts.items()}))


@command(jobs, "show", examples=(f"clara jobs show {_EXAMPLE_ID}",))
def show_job(session: Session, job_id: JobId) -> None:
    """Show one job: state, progress, figures, result."""
    with session.client() as client:
        job = client.jobs.get(job_id)
    session.answer(job.as_json(), lambda: _job_facts(job))


@command(jobs, "watch", examples=(f"clara jobs watch {_EXAMPLE_ID}", f"clara jobs watch {_EXAMPLE_ID} --json"))
def watch_job(session: Session, job_id: JobId) -> None:
    """Follow a job to its end with loss, tokens per second and time left; Ctrl-C leaves it running.

    Ends with 0 if the job completed and with 1 if it failed or was cancelled.
    """
    with session.client() as client:
        follow_job(session, client, job_id)


@command(jobs, "cancel", examples=(f"clara jobs cancel {_EXAMPLE_ID}",))
def cancel_job(session: Session, job_id: JobId) -> None:
    """Cancel a job that waits or runs; cancelling is final."""
    with session.client() as client:
        outcome = client.jobs.cancel(job_id)
    session.answer(outcome.as_json(), lambda: outcome.message or text("job.cancelled", job_id=job_id))


@command(jobs, "retry", examples=(f"clara jobs retry {_EXAMPLE_ID}",))
def retry_job(
    session: Session,
    job_id: JobId,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from its last checkpoint.")] = False,
) -> None:
    """Order the same training again, from its beginning or from its last checkpoint."""
    with session.client() as client:
        submitted = client.jobs.resume(job_id) if resume else client.jobs.retry(job_id)
    session.answer(submitted.as_json(), lambda: submitted.job_id)
    session.say(text("job.follow", job_id=submitted.job_id))


@command(jobs, "events", examples=(f"clara jobs events {_EXAMPLE_ID}", f"clara jobs events {_EXAMPLE_ID} --json"))
def show_events(
    session: Session,
    job_id: JobId,
    after: Annotated[int, typer.Option("--after", min=0, help="Only later sequence numbers.")] = 0,
) -> None:
    """Show everything that happened to a job, in order (with --json one object per line)."""
    with session.client() as client:
        events = client.jobs.events(job_id, after=after)
        if session.as_json:
            for event in events:
                session.line(event.as_json())
            return
        rows = [
            (
                str(event.seq),
                formats.moment(event.created_at),
                event.type,
                str(event.payload.get("status", "")),
                str(event.payload.get("current_step") or ""),
                formats.number((event.payload.get("metrics") or {}).get("loss")),
                _happened(event),
            )
            for event in events
        ]
    session.console().print(table((">Seq", "Time", "Type", "Status", ">Step", ">Loss", "What"), rows))


@command(jobs, "logs", examples=(f"clara jobs logs {_EXAMPLE_ID}",))
def show_logs(
    session: Session,
    job_id: JobId,
    last: Annotated[int, typer.Option("--lines", min=1, max=5000, help="At most this many.")] = 200,
) -> None:
    """Show the last lines that the trainer wrote."""
    with session.client() as client:
        lines = client.jobs.logs(job_id, lines=last)
    if session.as_json:
        session.answer({"job_id": job_id, "lines": list(lines)}, str)
        return
    for line in lines:
        print(line)
    if not lines:
        session.say(text("job.no_logs"))


@command(
    jobs, "report", examples=(f"clara jobs report {_EXAMPLE_ID}", f"clara jobs report {_EXAMPLE_ID} --png loss.png")
)
def show_report(
    session: Session,
    job_id: JobId,
    png: Annotated[Path | None, typer.Option("--png", help="Also save the loss curve as PNG.")] = None,
) -> None:
    """Show what a completed job learned: perplexity on unseen text, completions side by side, loss curve."""
    from frontend.cli.job_report import draw_report

    with session.client() as client:
        report = client.jobs.report(job_id)
        saved = client.jobs.loss_curve(job_id, png) if png is not None else None
    console = session.console()
    session.answer(dict(report), lambda: draw_report(report, width=console.width))
    if saved is not None:
        session.say(text("report.saved", path=saved))


def follow_job(session: Session, client: "ClaraClient", job_id: str) -> None:
    """Show a job until it has ended, then say how; Ctrl-C leaves it running."""
    from frontend.cli.job_progress import follow

    try:
        last = follow(session, client.jobs.watch(job_id))
    except KeyboardInterrupt:
        session.say("", text("job.goes_on", job_id=job_id))
        raise
    if last is None or last.status is not JobStatus.COMPLETED:
        job = client.jobs.get(job_id)
        key = "job.cancelled" if job.status is JobStatus.CANCELLED else "job.failed"
        session.say(text(key, job_id=job_id, reason=job.error_message or job.status.value))
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)
    session.say(text("job.completed", job_id=job_id), text("job.report_next", job_id=job_id))


def _happened(event: "JobEvent") -> str:
    """What an event tells beyond the state of the job."""
    payload = event.payload
    if payload.get("text") or payload.get("error_message"):
        return str(payload.get("text") or payload["error_message"])
    groups = [payload[name] for name in ("evaluation", "plan") if isinstance(payload.get(name), Mapping)]
    shown = [f"{name} {value}" for group in groups for name, value in formats.figures(group)]
    return ", ".join(shown) or str(payload.get("path") or payload.get("adapter_path") or "")


def _job_facts(job: "Job") -> "RenderableType":
    return facts(
        [
            ("Id", job.job_id),
            ("Name", job.job_name),
            ("Trainer", job.trainer_type),
            ("Status", job.status.value),
            ("Error", job.error_message or ""),
            ("Progress", f"{job.progress_percent:.1f} %  ({job.current_step}/{job.total_steps})"),
            ("Dataset", job.dataset_id or job.dataset_path or ""),
            ("Created", f"{formats.moment(job.created_at)} {job.created_by}".strip()),
            ("Started", formats.moment(job.started_at)),
            ("Ended", formats.moment(job.completed_at)),
            ("Attempt", str(job.attempt)),
            ("Priority", str(job.priority)),
            ("Tags", ", ".join(job.tags)),
            ("Adapter", job.adapter_id or ""),
            ("Folder", job.adapter_path or ""),
            *formats.figures(job.metrics or {}),
        ]
    )
