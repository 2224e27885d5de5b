"""What attempts leave behind is found: files of earlier claims, and processes of attempts that are over."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backend.common.process_mark import MARK_VARIABLE
from backend.training.workers.leftovers import clean_up_after, end_strays, sweep_before
from backend.training.workers.protocol import TrainingOrder
from backend.training.workers.trainer_process import attempt_of_mark, mark_of
from shared.database.stores import Stores, memory_stores
from shared.models.job import AttemptOutcome, Claim, Progress
from shared.storage import STAGE_PREFIX
from tests.support.store_values import an_adapter, claimed, queued

linux = pytest.mark.skipif(sys.platform != "linux", reason="found by /proc")


def order_of(root: Path, claim: Claim) -> TrainingOrder:
    return TrainingOrder(
        job_id=claim.job_id,
        job_name="n",
        created_by="t",
        trainer_type="probe",
        claim_epoch=claim.epoch,
        config={},
        base_model="",
        chat_template=None,
        is_offline=True,
        train_path="",
        validation_path=None,
        test_path=None,
        content_sha256="",
        dataset_id=None,
        job_dir=str(root / "jobs" / claim.job_id),
        adapter_id="a",
        adapter_path=str(root / "adapters" / claim.job_id / f"{claim.job_id}.e{claim.epoch}"),
        resume_dirs=(),
        save_every_steps=1,
        cpu_threads=1,
        token_cache_dir="",
        token_cache_mb=0,
    )


def folders_of(order: TrainingOrder) -> tuple[Path, Path, Path]:
    """Scratch, stage and adapter of an attempt, with something in each."""
    adapter = Path(order.adapter_path)
    found = (
        Path(order.job_dir) / "scratch" / f"e{order.claim_epoch}",
        adapter.with_name(f"{STAGE_PREFIX}{adapter.name}.abc"),
        adapter,
    )
    for folder in found:
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    return found


def held(stores: Stores) -> Claim:
    queued(stores)
    return claimed(stores)[1]


@dataclass
class Nursery:
    """Processes that carry marks; all are gone afterwards."""

    children: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(self, mark: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        self.children.append(subprocess.Popen(command, env={**os.environ, MARK_VARIABLE: mark}, start_new_session=True))
        return self.children[-1]


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    it = Nursery()
    yield it
    for child in it.children:
        child.kill()
        child.wait()


def test_after_an_attempt_without_result_nothing_of_it_is_left(tmp_path: Path) -> None:
    stores = memory_stores()
    claim = held(stores)
    order = order_of(tmp_path, claim)
    folders = folders_of(order)
    stores.jobs.release(claim, outcome=AttemptOutcome.CRASH)
    clean_up_after(order, stores.jobs)
    assert not any(folder.exists() for folder in folders)
    assert not Path(order.adapter_path).parent.exists()


def test_the_adapter_of_a_completed_job_stays(tmp_path: Path) -> None:
    stores = memory_stores()
    claim = held(stores)
    order = order_of(tmp_path, claim)
    *others, adapter = folders_of(order)
    job = stores.jobs.get(claim.job_id)
    stores.jobs.complete(claim, an_adapter(job, path=order.adapter_path), progress=Progress())
    clean_up_after(order, stores.jobs)
    assert (adapter / "file").read_text() == "x"
    assert not any(folder.exists() for folder in others)


def test_before_an_attempt_everything_of_earlier_ones_goes(tmp_path: Path) -> None:
    first = order_of(tmp_path, Claim("job_1", "w", 1))
    folders = folders_of(first)
    other = folders_of(order_of(tmp_path, Claim("job_12", "w", 1)))
    checkpoint = Path(first.job_dir) / "checkpoints" / "step-1"
    checkpoint.mkdir(parents=True)
    sweep_before(order_of(tmp_path, Claim("job_1", "w", 2)))
    assert not any(folder.exists() for folder in folders)
    assert all(folder.exists() for folder in (*other, checkpoint))


@pytest.mark.parametrize("clean", [sweep_before, lambda order: clean_up_after(order, memory_stores().jobs)])
def test_where_nothing_is_or_something_odd_there_is_no_error(
    tmp_path: Path, clean: Callable[[TrainingOrder], None]
) -> None:
    order = order_of(tmp_path, Claim("job_1", "w", 1))
    clean(order)
    (tmp_path / "adapters").write_text("a file where a folder should be")
    (tmp_path / "jobs").write_text("likewise")
    clean(order)


@linux
def test_processes_of_attempts_that_are_over_are_ended_and_no_others(nursery: Nursery) -> None:
    stores = memory_stores()
    ended, lives = held(stores), held(stores)
    stores.jobs.fail(ended, error_message="x", outcome=AttemptOutcome.ERROR)
    again = held(stores)
    stores.jobs.release(again, outcome=AttemptOutcome.CRASH)
    second = claimed(stores)[1]
    assert second.job_id == again.job_id
    over = [nursery.start(f"{claim.job_id}.e{claim.epoch}.") for claim in (ended, again)]
    valid = [nursery.start(f"{claim.job_id}.e{claim.epoch}.") for claim in (lives, second)]
    foreign = [nursery.start("job_of_another_installation.e1."), nursery.start("no mark of ours")]
    assert end_strays(stores.jobs) == 2
    assert [child.wait(10) for child in over] == [-9, -9]
    assert [child.poll() for child in (*valid, *foreign)] == [None] * 4


def test_a_mark_names_its_attempt(tmp_path: Path) -> None:
    order = order_of(tmp_path, Claim("job_1.e5", "w", 12))
    assert attempt_of_mark(mark_of(order)) == ("job_1.e5", 12)


@pytest.mark.parametrize("mark", ["", "job_1", "job_1.e", "job_1.e1", "job_1.ex.", ".e1."])
def test_what_is_no_mark_names_none(mark: str) -> None:
    assert attempt_of_mark(mark) is None
