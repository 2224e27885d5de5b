"""What the answers to a submission have in common, and how the documentation shows them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Response

from backend.common.problem import MEDIA_TYPE
from backend.training.manager import DryRun
from backend.training.models import DryRunView, JobAccepted, JobView
from backend.training.submissions import Submission

REPLAYED = "Idempotency-Replayed"

Responses = Mapping[int | str, dict[str, Any]]

REPLAYABLE: Responses = {
    HTTPStatus.OK.value: {
        "headers": {
            REPLAYED: {
                "description": "`true` if the Idempotency-Key stood for this job already: nothing was done.",
                "schema": {"type": "string"},
            }
        }
    }
}
BUSY: Responses = {
    HTTPStatus.TOO_MANY_REQUESTS.value: {
        "description": "Too many active jobs, of all users or of you; `code` is `queue_full`. Nothing was stored.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "headers": {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
    }
}


def accepted(submission: Submission, response: Response, message: str) -> JobAccepted:
    """The receipt; a replay is marked as one."""
    job = submission.job
    if submission.is_replay:
        response.headers[REPLAYED] = "true"
        message = f"Job {job.job_id} was accepted with this Idempotency-Key before; nothing was done."
    return JobAccepted(
        job_id=job.job_id,
        status=job.status,
        message=message,
        data=JobView.of(job),
        resolved_defaults=dict(submission.filled),
    )


def told(found: DryRun) -> DryRunView:
    """What submitting would do."""
    is_accepted = bool(found.report["is_accepted"])
    count = found.report["problems"]["count"]
    return DryRunView(
        is_accepted=is_accepted,
        message="The job would be queued."
        if is_accepted
        else f"The job would fail: {count} problem(s) in the records.",
        config=found.config.model_dump(mode="json"),
        resolved_defaults=dict(found.filled),
        preflight=found.report,
    )
