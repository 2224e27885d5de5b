"""`clara jobs …`: look at trainings and follow them."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontend.cli import formats, job_actions, job_history
from frontend.cli.command import EXAMPLE_JOB, JobId, Limit, command
from frontend.cli.failure import ExitCode
from frontend.cli.job_words import outcome, state, waiting
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text
from shared.models.job import JobStatus

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client import ClaraClient
    from frontend.client.models import Attempt, Job

jobs = typer.Typer(no_args_is_help=True, help="Follow, pause, stop and repeat trainings.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file and of its neighbours."""
    job_actions.register(jobs)
    job_history.register(jobs)
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
            state(j),
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


@command(jobs, "show", examples=(f"clara jobs show {EXAMPLE_JOB}",))
def show_job(session: Session, job_id: JobId) -> None:
    """Show one job: state, place in the queue, progress, why it failed, its attempts, its result."""
    with session.client() as client:
        job, attempts = client.jobs.get(job_id), client.jobs.attempts(job_id)
    document = {**job.as_json(), "attempts": [attempt.as_json() for attempt in attempts]}
    session.answer(document, lambda: _drawn(job, attempts))


@command(jobs, "watch", examples=(f"clara jobs watch {EXAMPLE_JOB}", f"clara jobs watch {EXAMPLE_JOB} --json"))
def watch_job(session: Session, job_id: JobId) -> None:
    """Follow a job to its end with loss, tokens per second and time left; Ctrl-C leaves it running.

    A service that is started anew in between is found again, and nothing is missed. Ends with 0 if the job completed
    and with 1 if it failed or was cancelled.
    """
    with session.client() as client:
        follow_job(session, client, job_id)


@command(jobs, "logs", examples=(f"clara jobs logs {EXAMPLE_JOB}",))
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


@command(jobs, "preflight", examples=(f"clara jobs preflight {EXAMPLE_JOB}",))
def show_preflight(session: Session, job_id: JobId) -> None:
    """Show what was found in the records of a job before it was queued, with plan and estimate."""
    from frontend.cli.preflight import draw_preflight

    with session.client() as client:
        found = client.jobs.preflight(job_id)
    session.answer(found, lambda: draw_preflight(found))


@command(
    jobs,
    "report",
    examples=(
        f"clara jobs report {EXAMPLE_JOB}",
        f"clara jobs report {EXAMPLE_JOB} --html report.html",
        f"clara jobs report {EXAMPLE_JOB} --open",
        f"clara jobs report {EXAMPLE_JOB} --png loss.png",
    ),
)
def show_report(
    session: Session,
    job_id: JobId,
    png: Annotated[Path | None, typer.Option("--png", help="Also save the loss curve as PNG.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also save the report as one HTML page.")] = None,
    in_browser: Annotated[bool, typer.Option("--open", help="Open the HTML page in the browser.")] = False,
) -> None:
    """Show what a completed job learned: perplexity on unseen text, completions side by side, loss curve."""
    from frontend.cli.job_report import draw_report
    from frontend.cli.report_page import open_page, place_for

    with session.client() as client:
        report = client.jobs.report(job_id)
        curve = client.jobs.loss_curve(job_id, png) if png is not None else None
        target = html or (place_for(job_id) if in_browser else None)
        page = client.jobs.report_page(job_id, target) if target is not None else None
    console = session.console()
    session.answer(dict(report), lambda: draw_report(report, width=console.width))
    if curve is not None:
        session.say(text("report.saved", path=curve))
    if page is not None:
        session.say(text("report.page_saved", path=page))
        if in_browser and not open_page(page):
            session.say(text("report.not_opened"))


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
        if job.status is JobStatus.FAILED:
            session.say(text("job.failed_how", job_id=job_id), text("job.retry_next", job_id=job_id))
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)
    session.say(text("job.completed", job_id=job_id), text("job.report_next", job_id=job_id))


def _drawn(job: "Job", attempts: "Sequence[Attempt]") -> "RenderableType":
    from rich.console import Group

    return Group(_job_facts(job), *([job_history.attempts_table(attempts)] if attempts else []))


def _job_facts(job: "Job") -> "RenderableType":
    return facts(
        [
            ("Id", job.job_id),
            ("Name", job.job_name),
            ("Trainer", job.trainer_type),
            ("Status", state(job)),
            ("Waits", waiting(job)),
            ("Reason", outcome(job.failure_reason)),
            ("Error", job.error_message or ""),
            ("Progress", f"{job.progress_percent:.1f} %  ({job.current_step}/{job.total_steps})"),
            ("Dataset", job.dataset_id or job.dataset_path or ""),
            ("Created", f"{formats.moment(job.created_at)} {job.created_by}".strip()),
            ("Started", formats.moment(job.started_at)),
            ("Ended", formats.moment(job.completed_at)),
            ("Attempt", str(job.attempt)),
            ("Crashes", _in_a_row(job.crash_count, job.max_attempts)),
            ("Temporary errors", _in_a_row(job.error_count, job.max_attempts)),
            ("Continues", job.resume_from or ""),
            ("Priority", str(job.priority)),
            ("Tags", ", ".join(job.tags)),
            ("Adapter", job.adapter_id or ""),
            ("Folder", job.adapter_path or ""),
            *formats.figures(job.metrics or {}),
        ]
    )


def _in_a_row(count: int, limit: int) -> str:
    return text("job.in_a_row", count=count, limit=limit) if count else ""
