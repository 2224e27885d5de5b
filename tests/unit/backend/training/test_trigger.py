"""A run is submitted by itself when enough feedback came or some waited long enough, and once by many services."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.training.trigger import ContinuousTrigger, TriggerRule
from shared.models.job import JobStatus, Progress, TrainingJob
from shared.models.users import CONTINUOUS
from tests.support.store_values import START, an_adapter, an_audit, some_feedback
from tests.support.training_desk import TRAINER, Desk
from tests.support.training_runs import write_jsonl

CONFIG = "continuous: {min_new_records: 2, golden_file: golden.jsonl}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    write_jsonl(desk.folders.data / "golden.jsonl", [{"prompt": "Gold?", "completion": "Ja."}])
    desk.folders.configs.mkdir()
    (desk.folders.configs / "nightly.yaml").write_text(CONFIG, encoding="utf-8")
    return desk


def trigger(desk: Desk, *, hours_later: float = 0, **rule: Any) -> ContinuousTrigger:
    return ContinuousTrigger(
        desk.stores.feedback,
        desk.stores.jobs,
        desk.manager,
        desk.folders,
        TriggerRule(**{"config_path": "nightly.yaml", **rule}),
        clock=lambda: START + timedelta(hours=hours_later),
    )


def give(desk: Desk, *numbers: int, **changes: Any) -> None:
    desk.stores.feedback.add([some_feedback(number, **changes) for number in numbers], audit=an_audit())


def jobs(desk: Desk) -> list[TrainingJob]:
    return list(desk.stores.jobs.page().items)


def finish(desk: Desk) -> None:
    job, claim = desk.claimed()
    desk.stores.jobs.complete(claim, an_adapter(job), progress=Progress())


def test_nothing_is_on_unless_somebody_says_so() -> None:
    assert not TriggerRule().is_on
    assert TriggerRule(after_items=1).is_on
    assert TriggerRule(after_hours=0.5).is_on


def test_enough_new_items_start_a_run_in_the_name_of_the_service(desk: Desk) -> None:
    give(desk, 1, 2)
    give(desk, 10, 11, 12, score=-1.0)
    looks = trigger(desk, after_items=3)
    assert looks.look() is None
    give(desk, 3)
    job_id = looks.look()
    (job,) = jobs(desk)
    assert (job.job_id, job.created_by, job.trainer_type) == (job_id, CONTINUOUS.email, "continuous")
    assert (job.config_path, list(job.tags)) == ("nightly.yaml", ["triggered"])
    assert desk.audit_of(job.job_id)[0][:2] == ("job.submitted", CONTINUOUS.email)


def test_nothing_is_submitted_while_a_triggered_run_is_under_way_or_for_the_same_items_again(desk: Desk) -> None:
    looks = trigger(desk, after_items=3)
    give(desk, 1, 2, 3)
    looks.look()
    give(desk, 4, 5, 6)
    assert looks.look() is None
    finish(desk)
    # the three that came meanwhile are enough by themselves; rejected or not, the first three are no reason any more
    second = looks.look()
    assert second is not None
    finish(desk)
    assert looks.look() is None
    assert len(jobs(desk)) == 2


@pytest.mark.parametrize(("hours", "is_due"), [(23.9, False), (24.1, True)])
def test_time_counts_from_the_oldest_item_that_waits(desk: Desk, hours: float, is_due: bool) -> None:
    give(desk, 0, 1)
    assert (trigger(desk, after_hours=24, hours_later=hours).look() is not None) == is_due
    assert len(jobs(desk)) == is_due


def test_time_alone_starts_nothing(desk: Desk) -> None:
    assert trigger(desk, after_hours=24, hours_later=1000).look() is None
    give(desk, 1, score=-1.0)
    assert trigger(desk, after_hours=24, hours_later=1000).look() is None


def test_many_services_that_look_at_once_start_one_run(desk: Desk) -> None:
    give(desk, 1, 2, 3)
    services = [trigger(desk, after_items=3) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = {job_id for job_id in pool.map(lambda service: service.look(), services) if job_id}
    assert len(found) == len(jobs(desk)) == 1


def test_a_failed_run_is_not_repeated_for_ever(desk: Desk) -> None:
    looks = trigger(desk, after_items=2)
    give(desk, 1, 2)
    first = looks.look()
    desk.manager.cancel(str(first), TRAINER)
    assert desk.stores.jobs.get(str(first)).status is JobStatus.CANCELLED
    assert looks.look() is None
    give(desk, 3, 4)
    assert looks.look() not in (None, first)


def test_a_refusal_is_told_once_and_looked_at_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    give(desk, 1)
    looks = trigger(desk, after_items=1)
    with caplog.at_level(logging.WARNING):
        assert [looks.look() for _ in range(3)] == [None, None, None]
    assert [record.message for record in caplog.records] == ["continuous.not_submitted"]
    give(desk, 2)
    assert looks.look() is not None


def test_a_config_that_is_gone_is_a_refusal(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    give(desk, 1, 2)
    assert trigger(desk, after_items=1, config_path="gone.yaml").look() is None
    assert "gone.yaml" in str(caplog.records[-1].__dict__["reason"])


def test_the_loop_outlives_what_goes_wrong_once(desk: Desk) -> None:
    looked: list[int] = []

    class Breaks(ContinuousTrigger):
        def look(self) -> str | None:
            looked.append(1)
            raise RuntimeError("bug")

    async def some_looks() -> None:
        broken = Breaks(desk.stores.feedback, desk.stores.jobs, desk.manager, desk.folders, TriggerRule(1))
        task = asyncio.create_task(broken.run(0.001))
        while len(looked) < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(some_looks())
    assert len(looked) >= 3
