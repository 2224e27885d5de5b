"""`clara jobs cancel`, `pause`, `resume` and `retry`."""

from typing import Annotated

import typer

from frontend.cli.command import EXAMPLE_JOB, IdempotencyKey, JobId, WaitForRoom, command
from frontend.cli.session import Session
from frontend.cli.texts import text


def register(jobs: typer.Typer) -> None:
    """Add the commands of this file to the group."""
    command(jobs, "cancel", examples=(f"clara jobs cancel {EXAMPLE_JOB}",))(cancel_job)
    command(jobs, "pause", examples=(f"clara jobs pause {EXAMPLE_JOB}",))(pause_job)
    command(jobs, "resume", examples=(f"clara jobs resume {EXAMPLE_JOB}",))(resume_job)
    command(
        jobs,
        "retry",
        examples=(
            f"clara jobs retry {EXAMPLE_JOB}",
            f"clara jobs retry {EXAMPLE_JOB} --idempotency-key nightly-2026-03-01 --wait-for-room 600",
        ),
    )(retry_job)


def cancel_job(session: Session, job_id: JobId) -> None:
    """Cancel a job that waits, is paused or runs; cancelling is final."""
    with session.client() as client:
        outcome = client.jobs.cancel(job_id)
    session.answer(outcome.as_json(), lambda: outcome.message or text("job.cancelled", job_id=job_id))


def pause_job(session: Session, job_id: JobId) -> None:
    """Keep a job from being worked on; a running one lets go with a checkpoint and loses no step.

    It keeps its place in the queue and goes on with `clara jobs resume`.
    """
    with session.client() as client:
        outcome = client.jobs.pause(job_id)
    session.answer(outcome.as_json(), lambda: outcome.message)
    session.say(text("job.paused", job_id=job_id))


def resume_job(
    session: Session, job_id: JobId, idempotency_key: IdempotencyKey = None, wait_for_room: WaitForRoom = 0.0
) -> None:
    """Let a job go on from its last checkpoint.

    A paused job goes on itself. One that failed or was cancelled is continued by a new job; its id is the answer.
    """
    with session.client() as client:
        submitted = client.jobs.resume(job_id, idempotency_key=idempotency_key, wait_for_room_s=wait_for_room)
    session.answer(submitted.as_json(), lambda: submitted.job_id)
    session.say(submitted.message, text("job.follow", job_id=submitted.job_id))


def retry_job(
    session: Session,
    job_id: JobId,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from its last checkpoint.")] = False,
    idempotency_key: IdempotencyKey = None,
    wait_for_room: WaitForRoom = 0.0,
) -> None:
    """Order the same training again, from its beginning or from its last checkpoint; answers the new job's id."""
    with session.client() as client:
        again = client.jobs.resume if resume else client.jobs.retry
        submitted = again(job_id, idempotency_key=idempotency_key, wait_for_room_s=wait_for_room)
    session.answer(submitted.as_json(), lambda: submitted.job_id)
    session.say(text("job.follow", job_id=submitted.job_id))
