"""Routes of the training service."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse, HTMLResponse

from backend.common.blocking import in_thread
from backend.common.feed.ending import moment_of
from backend.common.feed.sse import NOTHING_MORE, EventStream
from backend.common.page_policy import PAGE_POLICY
from backend.common.pagination import After, Limit
from backend.common.request_id import request_id
from backend.training.api.answers import BUSY, REPLAYABLE, accepted, told
from backend.training.api.dependencies import (
    AfterSeq,
    AnyUser,
    DiskCheck,
    DryRunAsked,
    Feed,
    IdempotencyKey,
    JobId,
    LastEventId,
    Manager,
    Points,
    Pool,
    TokenExpiry,
    Trainer,
)
from backend.training.models import (
    AdapterCheckView,
    AdapterList,
    AdapterView,
    AttemptList,
    AttemptView,
    CheckpointList,
    CheckpointView,
    DryRunView,
    EventList,
    EventView,
    JobAccepted,
    JobCancelled,
    JobList,
    JobPaused,
    JobRequest,
    JobView,
    LogView,
    MetricsView,
    PreflightView,
    WorkerList,
)
from shared.models.job import JobStatus

router = APIRouter(prefix="/api/training", tags=["training"])


@router.post("/jobs", responses={**BUSY, **REPLAYABLE})
async def submit_job(
    request: JobRequest,
    manager: Manager,
    principal: Trainer,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    dry_run: DryRunAsked = False,
) -> JobAccepted | DryRunView:
    """Accept a training job; it is on disk when the answer arrives.

    Everything that can be checked without reading the records is checked now; the records are looked at while the job
    is `pending`, and a job with bad ones fails before it is queued. `dry_run=true` looks at them at once, tells what it
    found and stores nothing. `config: {}` takes the server's base
    model and the newest completed dataset; `resolved_defaults` says which. Send an `Idempotency-Key`, so that you can
    repeat the request when its answer is lost.
    """
    if dry_run:
        return told(await manager.dry_run(request))
    submission = await in_thread(manager.submit, request, principal, request_id=request_id(), key=idempotency_key)
    filled = ", ".join(f"{name} {value}" for name, value in submission.filled.items())
    return accepted(submission, response, f"Job accepted{f'; taken from the server: {filled}' if filled else ''}.")


@router.get("/jobs/list")
@router.get("/jobs")
async def list_jobs(
    manager: Manager, _: AnyUser, limit: Limit = 50, after: After = None, status: JobStatus | None = None
) -> JobList:
    """Jobs, newest first; the counts are of all jobs."""
    page, counts = await in_thread(manager.page, status=status, limit=limit, after=after)
    return JobList(
        jobs=[JobView.of(job) for job in page.items],
        total_count=counts.total,
        active_count=counts.active,
        completed_count=counts.completed,
        failed_count=counts.failed,
        next_after=page.next_after,
    )


@router.get("/jobs/{job_id}")
async def get_job(job_id: JobId, manager: Manager, _: AnyUser) -> JobView:
    """One job in its newest state, with its place in the queue while it waits."""
    job, position = await in_thread(manager.look_up, job_id)
    return JobView.of(job).model_copy(update={"queue_position": position})


@router.get("/jobs/{job_id}/preflight")
async def get_preflight(job_id: JobId, manager: Manager, _: AnyUser) -> PreflightView:
    """What was found in the records of a job before it was queued, with plan and estimates."""
    return PreflightView(job_id=job_id, preflight=await in_thread(manager.preflight, job_id))


@router.delete("/jobs/{job_id}")
@router.post("/jobs/{job_id}/cancel")
async def cancel_job(job_id: JobId, manager: Manager, principal: Trainer) -> JobCancelled:
    """Cancel a job that waits, is paused or runs; a running one lets go within the grace. Cancelling is final."""
    job = await in_thread(manager.cancel, job_id, principal, request_id=request_id())
    state = "is cancelled" if job.status is JobStatus.CANCELLED else "will be cancelled within the grace"
    return JobCancelled(message=f"Job {job_id} {state}.", cancelled_by=principal.email, status=job.status)


@router.post("/jobs/{job_id}/pause")
async def pause_job(job_id: JobId, manager: Manager, principal: Trainer) -> JobPaused:
    """Keep a job from being worked on until it is resumed.

    A running job writes a checkpoint of its last step, lets go and is `queued` with `is_paused`; no attempt is counted.
    It keeps its place in the queue. Pausing twice is pausing once.
    """
    job = await in_thread(manager.pause, job_id, principal, request_id=request_id())
    state = "will let go with a checkpoint" if job.status is JobStatus.RUNNING else "is paused"
    return JobPaused(
        message=f"Job {job_id} {state}; resume lets it go on.",
        paused_by=principal.email,
        status=job.status,
        data=JobView.of(job),
    )


@router.post("/jobs/{job_id}/retry", responses={**BUSY, **REPLAYABLE})
async def retry_job(
    job_id: JobId, manager: Manager, principal: Trainer, response: Response, idempotency_key: IdempotencyKey = None
) -> JobAccepted:
    """Start over as a new job with the same config; the old one must have ended."""
    submission = await in_thread(manager.retry, job_id, principal, request_id=request_id(), key=idempotency_key)
    return accepted(submission, response, f"Job accepted; it repeats {job_id} from the start.")


@router.post("/jobs/{job_id}/resume", responses={**BUSY, **REPLAYABLE})
async def resume_job(
    job_id: JobId, manager: Manager, principal: Trainer, response: Response, idempotency_key: IdempotencyKey = None
) -> JobAccepted:
    """Let a job go on.

    A paused job goes on itself, from its place in the queue and its newest checkpoint: `job_id` stays the same. A
    failed or cancelled one is continued by a new job from the newest valid checkpoint.
    """
    submission = await in_thread(manager.resume, job_id, principal, request_id=request_id(), key=idempotency_key)
    if submission.job_id == job_id:
        return accepted(submission, response, f"Job {job_id} goes on.")
    return accepted(submission, response, f"Job accepted; it continues {job_id} from its newest checkpoint.")


@router.get("/jobs/{job_id}/attempts")
async def job_attempts(job_id: JobId, manager: Manager, _: AnyUser) -> AttemptList:
    """Every attempt of the job: who worked on it, from when to when, and how it ended."""
    attempts = await in_thread(manager.attempts, job_id)
    return AttemptList(job_id=job_id, attempts=[AttemptView.of(attempt) for attempt in attempts])


@router.get("/jobs/{job_id}/metrics")
async def job_metrics(
    job_id: JobId, manager: Manager, _: AnyUser, points: Points = 1000, after: AfterSeq = 0
) -> MetricsView:
    """Figures of logged steps and evaluations, at most `points` of each, the first and the last always among them."""
    return MetricsView.of(job_id, await in_thread(manager.figures, job_id, points=points, after=after))


@router.get("/jobs/{job_id}/events")
async def job_events(job_id: JobId, manager: Manager, _: AnyUser, after: AfterSeq = 0, limit: Limit = 500) -> EventList:
    """Events in order, without gaps."""
    events = await in_thread(manager.events, job_id, after=after, limit=limit)
    return EventList(
        job_id=job_id,
        events=[EventView.of(event) for event in events],
        next_after=events[-1].seq if events else after,
    )


@router.get("/jobs/{job_id}/events/stream", response_class=EventStream, status_code=200, responses=NOTHING_MORE)
async def stream_job_events(
    job_id: JobId, manager: Manager, feed: Feed, _: AnyUser, expires_at: TokenExpiry, after: LastEventId = 0
) -> Response:
    """Events as server-sent events until the job has ended or the token expires; `id:` is the sequence number.

    A job that has ended, and whose last event the caller knows, is answered with 204, so that clients stop coming back.
    """
    job = await in_thread(manager.get, job_id)
    if job.status.is_terminal and after >= job.event_seq:
        return Response(status_code=204)
    return EventStream(job_id, feed, after=after, ends_at=moment_of(expires_at))


@router.get("/jobs/{job_id}/logs")
async def job_logs(
    job_id: JobId, manager: Manager, _: Trainer, lines: Annotated[int, Query(ge=1, le=5000)] = 200
) -> LogView:
    """The end of what the trainer process logged."""
    tail, is_truncated = await in_thread(manager.log_tail, job_id, lines=lines)
    return LogView(job_id=job_id, lines=tail, is_truncated=is_truncated)


@router.get("/jobs/{job_id}/checkpoints")
async def job_checkpoints(job_id: JobId, manager: Manager, _: AnyUser) -> CheckpointList:
    """Registered checkpoints, newest first."""
    checkpoints = await in_thread(manager.checkpoints, job_id)
    return CheckpointList(job_id=job_id, checkpoints=[CheckpointView.of(one) for one in checkpoints])


@router.get("/jobs/{job_id}/report")
async def job_report(job_id: JobId, manager: Manager, _: AnyUser) -> dict[str, Any]:
    """Held-out figures of base model and adapter, sample completions and where everything lies."""
    return await in_thread(manager.report, job_id)


@router.get("/jobs/{job_id}/report.html", response_class=HTMLResponse)
async def job_report_page(job_id: JobId, manager: Manager, _: AnyUser) -> FileResponse:
    """The same for people: one page without scripts that needs nothing else, to be read, printed and kept."""
    page = await in_thread(manager.report_page, job_id)
    return FileResponse(page, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": PAGE_POLICY})


@router.get("/jobs/{job_id}/loss-curve.png", response_class=FileResponse)
async def job_loss_curve(job_id: JobId, manager: Manager, _: AnyUser) -> FileResponse:
    """Training and validation loss over the steps, as a picture."""
    return FileResponse(await in_thread(manager.loss_curve, job_id), media_type="image/png")


@router.get("/adapters")
async def list_adapters(manager: Manager, _: AnyUser, limit: Limit = 50, after: After = None) -> AdapterList:
    """Finished adapters, newest first."""
    page = await in_thread(manager.adapters, limit=limit, after=after)
    return AdapterList(
        adapters=[AdapterView.of(adapter) for adapter in page.items],
        total_count=page.total,
        next_after=page.next_after,
    )


@router.get("/adapters/{adapter_id}")
async def get_adapter(adapter_id: str, manager: Manager, _: AnyUser) -> AdapterView:
    """One adapter with its figures and its origin."""
    return AdapterView.of(await in_thread(manager.adapter, adapter_id))


@router.get("/adapters/{adapter_id}/verify", dependencies=[DiskCheck])
async def verify_adapter(adapter_id: str, manager: Manager, _: AnyUser) -> AdapterCheckView:
    """Compare every byte of the adapter's files with what was published.

    200 either way: `is_valid` says whether the files are those of the manifest and the manifest is the one in the
    database, `reason` what is wrong. Takes as long as reading the files does; two checks run at once, others wait.
    """
    return AdapterCheckView.of(await in_thread(manager.check_adapter, adapter_id))


@router.get("/workers")
async def list_workers(pool: Pool, _: AnyUser) -> WorkerList:
    """The workers of this service and what they do."""
    return WorkerList(workers=pool.workers())
