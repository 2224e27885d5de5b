"""Training jobs: submit, look, follow, cancel; one method per route of the training service."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from frontend.client.download import download
from frontend.client.models import Job, JobEvent, JobPage, JobUpdate, Outcome, SubmittedJob
from frontend.client.transport import Transport
from frontend.client.watch import Reconnect, watch
from shared.models.job import JobStatus

_JOBS = "/api/training/jobs"


class JobsClient:
    """Routes below `/api/training/jobs`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

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
    ) -> SubmittedJob:
        """Order a training; without `config` and `config_path` the service takes its defaults and says which."""
        body: dict[str, Any] = {"trainer_type": trainer_type, "priority": priority, "tags": list(tags)}
        chosen = {"config_path": config_path} if config_path is not None else {"config": dict(config or {})}
        named = {"job_name": job_name, "dataset_id": dataset_id, "dataset_path": dataset_path}
        body |= chosen | {name: value for name, value in named.items() if value is not None}
        return self._transport.call("POST", _JOBS, SubmittedJob, body=body)

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
        """Cancel a pending, queued or running job.

        Raises:
            ServiceConflict: If it has ended already.
        """
        return self._transport.call("DELETE", _job(job_id), Outcome, conflict_on=400)

    def retry(self, job_id: str) -> SubmittedJob:
        """Order the same training once more, from its beginning."""
        return self._transport.call("POST", f"{_job(job_id)}/retry", SubmittedJob, conflict_on=400)

    def resume(self, job_id: str) -> SubmittedJob:
        """Order the rest of a stopped training, from its last checkpoint."""
        return self._transport.call("POST", f"{_job(job_id)}/resume", SubmittedJob, conflict_on=400)

    def metrics(self, job_id: str) -> Mapping[str, Any]:
        """Logged figures of the job."""
        return self._object(f"{_job(job_id)}/metrics")

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
        self.get(job_id)

        def missed(after: int) -> Iterator[JobUpdate]:
            for event in self.events(job_id, after=after):
                content = {**event.payload, "job_id": job_id, "seq": event.seq}
                yield self._transport.parse(JobUpdate, content, f"GET {_job(job_id)}/events")

        return watch(self._transport, job_id, missed=missed, resume_from=resume_from, reconnect=reconnect)

    def _object(self, path: str) -> Mapping[str, Any]:
        content = self._transport.get_json(path)
        return content if isinstance(content, dict) else {"data": content}


def _job(job_id: str) -> str:
    return f"{_JOBS}/{quote(job_id, safe='')}"


def _members(content: object, name: str) -> Sequence[Any]:
    members = content.get(name) if isinstance(content, dict) else None
    return members if isinstance(members, list) else []
