"""The figures that a job has logged, as many as a picture has room for, however long it has run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.database.base import JobStore
from shared.models.events import EventType

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobFigures:
    """Figures of a job by step.

    Args:
        steps: Of logged steps, in order.
        evaluations: Of the validation split, in order.
        logged_steps: Steps that were logged; more than `steps` has if those are thinned.
        logged_evaluations: Likewise.
        next_after: Pass as `after` to get what is logged from now on.
    """

    steps: Sequence[Row]
    evaluations: Sequence[Row]
    logged_steps: int
    logged_evaluations: int
    next_after: int

    @property
    def is_thinned(self) -> bool:
        """Whether something was left out."""
        return len(self.steps) < self.logged_steps or len(self.evaluations) < self.logged_evaluations


def figures_of(jobs: JobStore, job_id: str, *, points: int, after: int = 0) -> JobFigures:
    """At most `points` steps and as many evaluations, evenly spread, the first and the last always among them.

    Args:
        jobs: Truth of jobs.
        job_id: Of the job.
        points: 2 or more.
        after: Only what has a higher sequence number.

    Raises:
        JobNotFound: If there is no such job.
    """
    # what comes while we read is left to the next call, so that none of it is missed
    head = jobs.get(job_id).event_seq
    steps = jobs.sample_events(job_id, EventType.STEP, points=points, after=after, until=head)
    evaluations = jobs.sample_events(job_id, EventType.EVALUATION, points=points, after=after, until=head)
    return JobFigures(
        [{"step": event.payload["current_step"], **event.payload["metrics"]} for event in steps.events],
        [{"step": e.payload["current_step"], **e.payload.get("evaluation", {})} for e in evaluations.events],
        steps.total,
        evaluations.total,
        next_after=max(after, head),
    )
