"""Routes of the training service."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import FileResponse, StreamingResponse

from backend.common.blocking import in_thread
from backend.common.pagination import After, Limit
from backend.common.request_id import request_id
from backend.training.api.dependencies import AfterSeq, AnyUser, Feed, JobId, Manager, Pool, Trainer
from backend.training.api.sse import event_stream
from backend.training.models import (
    AdapterList,
    AdapterView,
    CheckpointList,
    CheckpointView,
    EventList,
    EventView,
    JobAccepted,
    JobCancelled,
    JobList,
    JobRequest,
    JobView,
    LogView,
    MetricsView,
    WorkerList,
)
from shared.models.job import JobStatus, TrainingJob

router = APIRouter(prefix="/api/training", tags=["training"])


@router.post("/jobs")
async def submit_job(request: JobRequest, manager: Manager, principal: Trainer) -> JobAccepted:
    """Accept a training job; it is on disk when the answer arrives."""
    submission = await in_thread(manager.submit, request, principal, request_id=request_id())
    filled = ", ".join(f"{name} {value}" for name, value in submission.filled.items())
    return _accepted(
        submission.job, f"Job accepted{f'; taken from the server: {filled}' if filled else ''}."
    ).model_copy(update={"resolved_defaults": dict(submission.filled)})


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
    """One job in its newest state."""
    return JobView.of(await in_thread(manager.get, job_id))


@router.delete("/jobs/{job_id}")
@router.post("/jobs/{job_id}/cancel")
async def cancel_job(job_id: JobId, manager: Manager, principal: Trainer) -> JobCancelled:
    """Cancel a pending, queued or running job; a running one lets go within the grace."""
    job = await in_thread(manager.cancel, job_id, principal, request_id=request_id())
    state = "is cancelled" if job.status is JobStatus.CANCELLED else "will be cancelled within the grace"
    return JobCancelled(message=f"Job {job_id} {state}.", cancelled_by=principal.email, status=job.status)


@router.post("/jobs/{job_id}/retry")
async def retry_job(job_id: JobId, manager: Manager, principal: Trainer) -> JobAccepted:
    """Start over as a new job with the same config."""
    job = await in_thread(manager.retry, job_id, principal, request_id=request_id())
    return _accepted(job, f"Job accepted; it repeats {job_id} from the start.")


@router.post("/jobs/{job_id}/resume")
async def resume_job(job_id: JobId, manager: Manager, principal: Trainer) -> JobAccepted:
    """Go on as a new job from the newest valid checkpoint of a failed or cancelled one."""
    job = await in_thread(manager.resume, job_id, principal, request_id=request_id())
    return _accepted(job, f"Job accepted; it continues {job_id} from its newest checkpoint.")


@router.get("/jobs/{job_id}/metrics")
async def job_metrics(job_id: JobId, manager: Manager, _: AnyUser) -> MetricsView:
    """Figures of every logged step and evaluation."""
    steps, evaluations = await in_thread(manager.step_metrics, job_id)
    return MetricsView(job_id=job_id, latest=steps[-1] if steps else None, steps=steps, evaluations=evaluations)


@router.get("/jobs/{job_id}/events")
async def job_events(job_id: JobId, manager: Manager, _: AnyUser, after: AfterSeq = 0, limit: Limit = 500) -> EventList:
    """Events in order, without gaps."""
    events = await in_thread(manager.events, job_id, after=after, limit=limit)
    return EventList(
        job_id=job_id,
        events=[EventView.of(event) for event in events],
        next_after=events[-1].seq if events else after,
    )


@router.get("/jobs/{job_id}/events/stream", response_class=StreamingResponse)
async def stream_job_events(
    job_id: JobId,
    manager: Manager,
    feed: Feed,
    _: AnyUser,
    last_event_id: Annotated[int | None, Header(ge=0, description="Replay what came after this number.")] = None,
) -> StreamingResponse:
    """Events as server-sent events until the job has ended; `id:` is the sequence number."""
    await in_thread(manager.get, job_id)
    stream: AsyncIterator[bytes] = event_stream(job_id, manager, feed, after=last_event_id or 0)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


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


@router.get("/workers")
async def list_workers(pool: Pool, _: AnyUser) -> WorkerList:
    """The workers of this service and what they do."""
    return WorkerList(workers=pool.workers())


def _accepted(job: TrainingJob, message: str) -> JobAccepted:
    return JobAccepted(job_id=job.job_id, status=job.status, message=message, data=JobView.of(job))
