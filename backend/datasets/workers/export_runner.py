"""Run one export in a worker process and wait for it: pyarrow never enters the service."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from backend.common.child_process import describe_exit
from backend.common.json_lines import decode
from backend.datasets.workers.protocol import WORKER_COMMAND, ExportJob, MessageType, PublishJob, encode_order
from shared.errors import Conflict, Unavailable
from shared.storage import AlreadyPublished


class ExportFailed(Unavailable):
    """The export could not be written; nothing of it stays."""

    code = "export_failed"

    def __init__(self, job: ExportJob | PublishJob, reason: str) -> None:
        done = "published" if isinstance(job, PublishJob) else "exported"
        super().__init__(
            f"Dataset {job.dataset_id} could not be {done} as {job.export_format}: {reason}",
            dataset_id=job.dataset_id,
            format=job.export_format,
        )


class ExportRefused(Conflict):
    """The records, or what lies at the target already, forbid it; trying again changes nothing."""

    code = "export_refused"

    def __init__(self, job: ExportJob | PublishJob, reason: str) -> None:
        super().__init__(reason, dataset_id=job.dataset_id, format=job.export_format)


class ExportRunner:
    """Starts a worker per export.

    Args:
        log: Where the worker's stderr is appended.
    """

    def __init__(self, log: Path, *, command: Sequence[str] = WORKER_COMMAND) -> None:
        self._log = log
        self._command = command

    def __call__(self, job: ExportJob | PublishJob) -> None:
        """Write the export, or copy it.

        Raises:
            ExportFailed: With the worker's reason.
            ExportRefused: With its reason, where trying again changes nothing.
        """
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with (
            self._log.open("ab") as log,
            subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            ) as worker,
        ):
            # stdin stays open: its end tells the worker that the service is gone
            if worker.stdin is None or worker.stdout is None:
                raise ExportFailed(job, "the worker has no pipes")
            worker.stdin.write(encode_order(job))
            worker.stdin.flush()
            last = [message for message in map(decode, worker.stdout) if MessageType(message["type"]).is_last]
            exit_code = worker.wait()
        if not last:
            raise ExportFailed(job, f"the worker ended with {describe_exit(exit_code)}")
        # published by another request meanwhile: both have what they asked for
        if last[-1]["type"] == MessageType.FAILED and last[-1]["code"] != AlreadyPublished.code:
            is_conflict = last[-1].get("family") == Conflict.__name__
            raise (ExportRefused if is_conflict else ExportFailed)(job, last[-1]["message"])
