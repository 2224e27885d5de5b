"""Training jobs: submit, look, follow, pause, cancel; one method per route of the training service."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from frontend.client.download import download
from frontend.client.models import Attempt, DryRun, Job, JobEvent, JobPage, JobUpdate, Outcome, SubmittedJob
from frontend.client.submission import Patience, submit_once
from frontend.client.transport import Transport
from frontend.client.watch import Reconnect, watch
from shared.models.job import JobStatus

_JOBS = "/api/training/jobs"


class JobsClient:
    """Routes below `/api/training/jobs`.

    Whatever makes a job goes out with an idempotency key, a fresh one unless the caller gives one, so that it can be
    repeated when the answer is lost. `wait_for_room_s` is how long a full queue is waited for.

    Args:
        transport: The training service.
        patience: How long a submission is repeated.
    """

    def __init__(self, transport: Transport, patience: Patience = Patience()) -> None:  # noqa: B008 - frozen value
        self._transport = transport
        self._patience = patience

    def submit(
        self,
        *,
        trainer_type: str = "lora",
        config: Mapping[str, Any] | None = None,
        config_path: str | None = None,
        job_name: str | None = None,
        dataset_id: str | None = None,
        dataset_path: str | None = None,
        priority: int = 1,
        tags: Sequence[str] = (),
        idempotency_key: str | None = None,
        wait_for_room_s: float = 0.0,
    ) -> SubmittedJob:
        """Order a training; without `config` and `config_path` the service takes its defaults and says which.

        Raises:
            ServiceBusy: If the queue is full.
            AnswerLost: If the service went away before it confirmed, and did not come back.
        """
        body = _order(
            trainer_type=trainer_type,
            config=config,
            config_path=config_path,
            named={"job_name": job_name, "dataset_id": dataset_id, "dataset_path": dataset_path},
            others={"priority": priority, "tags": list(tags)},
        )
        return self._submit(_JOBS, idempotency_key, wait_for_room_s, body=body)

    def dry_run(
        self,
        *,
        trainer_type: str = "lora",
        config: Mapping[str, Any] | None = None,
        config_path: str | None = None,
        dataset_id: str | None = None,
        dataset_path: str | None = None,
    ) -> DryRun:
        """What `submit` would do and what the records hold; nothing is stored. Takes as long as reading them does."""
        body = _order(
            trainer_type=trainer_type,
            config=config,
            config_path=config_path,
            named={"dataset_id": dataset_id, "dataset_path": dataset_path},
        )
        return self._transport.call("POST", _JOBS, DryRun, params={"dry_run": "true"}, body=body, is_slow=True)

    def preflight(self, job_id: str) -> Mapping[str, Any]:
        """What was found in the records of a job before it was queued."""
        found: Mapping[str, Any] = self._object(f"{_job(job_id)}/preflight").get("preflight", {})
        return found

    def get(self, job_id: str) -> Job:
        """One job."""
        return self._transport.get(_job(job_id), Job)

    def page(self, *, status: JobStatus | None = None, limit: int = 50, after: str | None = None) -> JobPage:
        """One page, newest first."""
        return self._transport.get(_JOBS, JobPage, params={"status": status, "limit": limit, "after": after})

    def iterate(self, *, status: JobStatus | None = None, page_size: int = 100) -> Iterator[Job]:
        """Every job, newest first, fetched page by page."""
        after: str | None = None
        while True:
            page = self.page(status=status, limit=page_size, after=after)
            yield from page.jobs
            after = page.next_after
            if after is None:
                return

    def cancel(self, job_id: str) -> Outcome:
        """Cancel a job that waits, is paused or runs.

        Raises:
            ServiceConflict: If it has ended already.
        """
        return self._transport.call("DELETE", _job(job_id), Outcome, conflict_on=400)

    def pause(self, job_id: str) -> Outcome:
        """Keep a job from being worked on; a running one lets go with a checkpoint.

        Raises:
            ServiceConflict: If it has ended already.
        """
        return self._transport.call("POST", f"{_job(job_id)}/pause", Outcome, conflict_on=400)

    def retry(self, job_id: str, *, idempotency_key: str | None = None, wait_for_room_s: float = 0.0) -> SubmittedJob:
        """Order the same training once more, from its beginning."""
        return self._submit(f"{_job(job_id)}/retry", idempotency_key, wait_for_room_s)

    def resume(self, job_id: str, *, idempotency_key: str | None = None, wait_for_room_s: float = 0.0) -> SubmittedJob:
        """Let a paused job go on, or order the rest of a stopped one as a new job, from its last checkpoint."""
        return self._submit(f"{_job(job_id)}/resume", idempotency_key, wait_for_room_s)

    def attempts(self, job_id: str) -> Sequence[Attempt]:
        """Every attempt of the job and how it ended, oldest first."""
        path = f"{_job(job_id)}/attempts"
        members = _members(self._transport.get_json(path), "attempts")
        return [self._transport.parse(Attempt, member, f"GET {path}") for member in members]

    def metrics(self, job_id: str, *, points: int = 1000, after: int = 0) -> Mapping[str, Any]:
        """Logged figures of the job.

        Args:
            job_id: Of the job.
            points: Steps at most; those of a longer run are thinned evenly.
            after: `next_after` of an earlier answer: only what was logged since.
        """
        return self._object(f"{_job(job_id)}/metrics", points=points, after=after)

    def events(self, job_id: str, *, after: int = 0, page_size: int = 500) -> Iterator[JobEvent]:
        """Events with `seq > after` that exist now, in order."""
        while True:
            path = f"{_job(job_id)}/events"
            content = self._transport.get_json(path, params={"after": after, "limit": page_size})
            events = [self._transport.parse(JobEvent, e, f"GET {path}") for e in _members(content, "events")]
            yield from events
            if len(events) < page_size:
                return
            after = events[-1].seq

    def follow_events(
        self,
        job_id: str,
        *,
        after: int = 0,
        reconnect: Reconnect = Reconnect(),  # noqa: B008 - frozen value
    ) -> Iterator[JobEvent]:
        """Events with `seq > after`, those that exist and those to come, until the job has ended.

        Raises:
            ServiceNotFound: If there is no such job.
            NotReachable: If the service stayed away too long.
        """
        last_seq = after
        # an update only tells that there is something to read: events keep the shape that `events` gives
        for update in self.watch(job_id, resume_from=after, reconnect=reconnect):
            if update.seq > last_seq:
                for event in self.events(job_id, after=last_seq):
                    last_seq = event.seq
                    yield event

    def logs(self, job_id: str, *, lines: int = 200) -> Sequence[str]:
        """The last lines that the trainer process wrote."""
        content = self._transport.get_json(f"{_job(job_id)}/logs", params={"lines": lines})
        return [str(line) for line in _members(content, "lines")]

    def checkpoints(self, job_id: str) -> Sequence[Mapping[str, Any]]:
        """Published checkpoints, newest first."""
        return list(_members(self._transport.get_json(f"{_job(job_id)}/checkpoints"), "checkpoints"))

    def report(self, job_id: str) -> Mapping[str, Any]:
        """What a completed job achieved: held-out perplexity, sample completions, paths, loss history."""
        return self._object(f"{_job(job_id)}/report")

    def report_page(self, job_id: str, target: Path) -> Path:
        """Save the report of a completed job as one HTML file at `target`."""
        return download(self._transport, f"{_job(job_id)}/report.html", target).path

    def loss_curve(self, job_id: str, target: Path) -> Path:
        """Save the loss curve as PNG at `target`."""
        return download(self._transport, f"{_job(job_id)}/loss-curve.png", target).path

    def workers(self) -> Mapping[str, Any]:
        """Worker slots of the service and what they do."""
        return self._object("/api/training/workers")

    def watch(
        self,
        job_id: str,
        *,
        resume_from: int = 0,
        reconnect: Reconnect = Reconnect(),  # noqa: B008 - frozen value
    ) -> Iterator[JobUpdate]:
        """Updates with `seq > resume_from`, each once and in order, until the job has ended.

        Raises:
            ServiceNotFound: If there is no such job.
            NotReachable: If the service stayed away too long.
        """
        job = self.get(job_id)

        def missed(after: int) -> Iterator[JobUpdate]:
            for event in self.events(job_id, after=after):
                yield self._transport.parse(JobUpdate, _as_update(job_id, event), f"GET {_job(job_id)}/events")

        if job.status.is_terminal:
            # nothing will be pushed any more
            return missed(resume_from)
        return watch(self._transport, job_id, missed=missed, resume_from=resume_from, reconnect=reconnect)

    def _submit(self, path: str, key: str | None, wait_for_room_s: float, *, body: object = None) -> SubmittedJob:
        patience = replace(self._patience, room_s=wait_for_room_s)
        return submit_once(self._transport, path, body=body, key=key, patience=patience)

    def _object(self, path: str, **params: object) -> Mapping[str, Any]:
        content = self._transport.get_json(path, params=params)
        return content if isinstance(content, dict) else {"data": content}


def _job(job_id: str) -> str:
    return f"{_JOBS}/{quote(job_id, safe='')}"


def _as_update(job_id: str, event: JobEvent) -> dict[str, Any]:
    """An event in the shape in which it is pushed."""
    public = {name: value for name, value in event.payload.items() if name in JobUpdate.model_fields}
    detail = {name: value for name, value in event.payload.items() if name not in JobUpdate.model_fields}
    return {**public, "job_id": job_id, "seq": event.seq, "timestamp": event.created_at, "detail": detail}


def _members(content: object, name: str) -> Sequence[Any]:
    members = content.get(name) if isinstance(content, dict) else None
    return members if isinstance(members, list) else []


def _order(
    *,
    trainer_type: str,
    config: Mapping[str, Any] | None,
    config_path: str | None,
    named: Mapping[str, str | None],
    others: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Body of a submission; what is None is left to the service."""
    chosen = {"config_path": config_path} if config_path is not None else {"config": dict(config or {})}
    given = {name: value for name, value in named.items() if value is not None}
    return {"trainer_type": trainer_type, **others, **chosen, **given}
