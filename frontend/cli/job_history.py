"""`clara jobs events` and `attempts`: what happened to a job."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from frontend.cli import formats
from frontend.cli.command import EXAMPLE_JOB, JobId, command
from frontend.cli.job_words import ended, happened
from frontend.cli.session import Session, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client.models import Attempt, JobEvent


def register(jobs: typer.Typer) -> None:
    """Add the commands of this file to the group."""
    command(
        jobs,
        "events",
        examples=(
            f"clara jobs events {EXAMPLE_JOB}",
            f"clara jobs events {EXAMPLE_JOB} --json --after 120",
            f"clara jobs events {EXAMPLE_JOB} --json --follow | jq 'select(.type == \"checkpoint\")'",
        ),
    )(show_events)
    command(jobs, "attempts", examples=(f"clara jobs attempts {EXAMPLE_JOB}",))(show_attempts)


def show_events(
    session: Session,
    job_id: JobId,
    after: Annotated[int, typer.Option("--after", min=0, help="Only later sequence numbers.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
) -> None:
    """Show everything that happened to a job, in order and without gaps (with --json one object per line).

    The number of the last event you have seen is all you need to go on later: --after NUMBER.
    """
    with session.client() as client:
        events: Iterable[JobEvent]
        events = client.jobs.follow_events(job_id, after=after) if follow else client.jobs.events(job_id, after=after)
        if session.as_json:
            for event in events:
                session.line(event.as_json())
        elif follow:
            _print_as_they_come(session, events, job_id)
        else:
            columns = (">Seq", "Time", "Type", "Status", ">Step", ">Loss", "What")
            session.console().print(table(columns, list(_rows(events))))


def show_attempts(session: Session, job_id: JobId) -> None:
    """Show who worked on a job, from when to when, and how each attempt ended."""
    with session.client() as client:
        attempts = client.jobs.attempts(job_id)
    document = {"job_id": job_id, "attempts": [attempt.as_json() for attempt in attempts]}
    session.answer(document, lambda: attempts_table(attempts) if attempts else text("job.no_attempts"))


def attempts_table(attempts: "Sequence[Attempt]") -> "RenderableType":
    """One row per attempt."""
    rows = [
        (
            str(attempt.attempt),
            formats.moment(attempt.started_at),
            formats.moment(attempt.ended_at),
            ended(attempt.outcome, attempt.message),
            attempt.owner,
        )
        for attempt in attempts
    ]
    return table((">Attempt", "Started", "Ended", "How it ended", "Worker"), rows)


def _print_as_they_come(session: Session, events: "Iterable[JobEvent]", job_id: str) -> None:
    console = session.console()
    try:
        for row in _rows(events):
            seq, time, kind, status, step, loss, what = row
            line = f"{seq:>6}  {time}  {kind:<10}  {status:<9}  {step:>7}  {loss:>7}  {what}"
            console.print(line.rstrip(), markup=False, soft_wrap=True)
    except KeyboardInterrupt:
        session.say("", text("job.goes_on", job_id=job_id))
        raise


def _rows(events: "Iterable[JobEvent]") -> Iterable[tuple[str, ...]]:
    for event in events:
        yield (
            str(event.seq),
            formats.moment(event.created_at),
            event.type,
            str(event.payload.get("status", "")),
            str(event.payload.get("current_step") or ""),
            formats.number((event.payload.get("metrics") or {}).get("loss")),
            happened(event),
        )
