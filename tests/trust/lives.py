"""Whether the lives of all jobs, as database and disk tell them, are ones that we promise."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from shared.database.stores import Stores
from shared.models.adapter import Adapter
from shared.models.events import EventType, JobEvent
from shared.models.job import TRANSITIONS, JobStatus, TrainingJob
from shared.storage import CorruptArtefact, verify_folder

_PAGE = 200


def violations(stores: Stores) -> list[str]:
    """Every broken invariant in words; empty is what we want."""
    adapters = {adapter.job_id: adapter for adapter in _all_adapters(stores)}
    return [what for job in all_jobs(stores) for what in _of_job(stores, job, adapters.get(job.job_id))]


def all_jobs(stores: Stores) -> Iterator[TrainingJob]:
    """Every job, newest first."""
    after = None
    while True:
        page = stores.jobs.page(limit=_PAGE, after=after)
        yield from page.items
        after = page.next_after
        if after is None:
            return


def all_events(stores: Stores, job_id: str) -> list[JobEvent]:
    """Every event of a job in order."""
    events: list[JobEvent] = []
    while page := stores.jobs.events(job_id, after=events[-1].seq if events else 0, limit=1000):
        events += page
    return events


def _all_adapters(stores: Stores) -> Iterator[Adapter]:
    after = None
    while True:
        page = stores.adapters.page(limit=_PAGE, after=after)
        yield from page.items
        after = page.next_after
        if after is None:
            return


def _of_job(stores: Stores, job: TrainingJob, adapter: Adapter | None) -> Iterator[str]:
    events = all_events(stores, job.job_id)
    if [event.seq for event in events] != list(range(1, job.event_seq + 1)):
        yield f"{job.job_id}: J12, its event numbers have gaps or doubles"
    life = [event.payload["status"] for event in events if event.type is EventType.STATUS]
    if not life or life[-1] != job.status:
        yield f"{job.job_id}: J12, its events do not lead to its status {job.status}"
    for before, after in pairwise(life):
        # a cancel or pause request is an event of a job that stays as it is
        if before != after and JobStatus(after) not in TRANSITIONS[JobStatus(before)]:
            yield f"{job.job_id}: J2, it went from {before} to {after}"
    if len(stores.audit.page(object_id=job.job_id, limit=1000)) != len(life):
        yield f"{job.job_id}: J13, changes of state and audit entries differ in number"
    epochs = [attempt.claim_epoch for attempt in stores.jobs.attempts(job.job_id)]
    if epochs != list(range(1, job.claim_epoch + 1)):
        yield f"{job.job_id}: J4, its claim epochs are {epochs}"
    yield from _of_adapter(job, adapter)


def _of_adapter(job: TrainingJob, adapter: Adapter | None) -> Iterator[str]:
    if (job.status is JobStatus.COMPLETED) != (adapter is not None):
        yield f"{job.job_id}: J5, it is {job.status} and has {'an' if adapter else 'no'} adapter"
    folder = Path(job.output_dir)
    found = sorted(path.name for path in folder.glob(f"{job.job_id}.e*")) if folder.is_dir() else []
    expected = [] if adapter is None else [Path(adapter.path).name]
    if job.status.is_terminal and found != expected:
        yield f"{job.job_id}: J5, adapter folders on disk: {found}, expected: {expected}"
    if adapter is not None:
        try:
            manifest = verify_folder(Path(adapter.path))
        except CorruptArtefact as error:
            yield f"{job.job_id}: J5, {error.message}"
        else:
            if manifest.sha256 != adapter.manifest_sha256:
                yield f"{job.job_id}: J5, row and manifest name different bytes"
