"""What attempts leave behind: processes that outlived their trainer, scratch, stages, adapters that nobody refers to.

Cleaning is best effort: a disk that refuses must not end a worker, and the next attempt of the job sweeps once more.
"""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from backend.common.process_mark import end_marked, marks
from backend.training.workers.protocol import TrainingOrder
from backend.training.workers.trainer_process import attempt_of_mark, mark_of, mark_of_all_attempts
from shared.database.base import JobNotFound, JobStore
from shared.errors import ClaraError
from shared.models.job import JobStatus
from shared.storage import STAGE_PREFIX

logger = logging.getLogger(__name__)


def sweep_before(order: TrainingOrder) -> None:
    """End processes and remove scratch, stages and unclaimed adapters of earlier claims: only ours is valid now."""
    end_marked(mark_of_all_attempts(order.job_id))
    with _noting(order):
        _remove(Path(order.job_dir) / "scratch")
        folder = Path(order.adapter_path).parent
        for pattern in (f"{order.job_id}.e*", f"{STAGE_PREFIX}{order.job_id}.e*"):
            for left in folder.glob(pattern):
                _remove(left)


def clean_up_after(order: TrainingOrder, jobs: JobStore) -> None:
    """Remove what only this attempt could use; its adapter too, if the job does not refer to it."""
    end_marked(mark_of(order))
    adapter = Path(order.adapter_path)
    with _noting(order):
        _remove(Path(order.job_dir) / "scratch" / f"e{order.claim_epoch}")
        for left in adapter.parent.glob(f"{STAGE_PREFIX}{adapter.name}.*"):
            _remove(left)
    try:
        is_wanted = jobs.get(order.job_id).adapter_path == order.adapter_path
    except ClaraError:
        # whether our completion was committed is not known: keep the folder, the next attempt sweeps it
        return
    if not is_wanted:
        with _noting(order):
            _remove(adapter)
            if adapter.parent.is_dir() and not any(adapter.parent.iterdir()):
                adapter.parent.rmdir()


def end_strays(jobs: JobStore) -> int:
    """End processes on this machine whose attempt is over: a killed service could not; returns how many there were.

    Its trainers end by themselves. What they had started in sessions of their own does not.

    Raises:
        Unavailable: If the database cannot say which attempts are over.
    """
    ended = 0
    for mark in marks():
        attempt = attempt_of_mark(mark)
        if attempt is not None and _is_over(jobs, *attempt):
            count = end_marked(mark)
            ended += count
            logger.warning("job.strays_ended", extra={"job_id": attempt[0], "processes": count})
    return ended


def _is_over(jobs: JobStore, job_id: str, claim_epoch: int) -> bool:
    try:
        job = jobs.get(job_id)
    except JobNotFound:
        # of another installation on this machine
        return False
    return job.status is not JobStatus.RUNNING or job.claim_epoch > claim_epoch


@contextlib.contextmanager
def _noting(order: TrainingOrder) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _note(None, order.job_dir, (OSError, error, None))


def _remove(folder: Path) -> None:
    """As much of a folder as can be removed."""
    shutil.rmtree(folder, onerror=_note)


def _note(_call: object, path: str, error: tuple[type[BaseException], BaseException, object]) -> None:
    if not isinstance(error[1], FileNotFoundError):
        logger.warning("job.leftovers_stay", extra={"path": path, "reason": str(error[1])})
