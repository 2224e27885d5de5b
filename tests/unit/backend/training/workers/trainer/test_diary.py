"""What the report tells of the course of a run, over all attempts."""

from pathlib import Path

from backend.training.workers.job_history import MOST_ENTRIES, JobHistory
from backend.training.workers.trainer.diary import Diary
from shared.database.stores import memory_stores
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, Progress
from tests.support.store_values import START, a_checkpoint, claimed, running


def test_a_diary_goes_on_where_earlier_attempts_ended() -> None:
    stores = memory_stores()
    job, claim = running(stores)
    stores.jobs.record_progress(claim, Progress(), kind=EventType.MESSAGE, detail={"plan": {"records": 3}})
    stores.jobs.record_progress(claim, Progress(), kind=EventType.MESSAGE, detail={"text": "2 records are cut."})
    stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5))
    stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, message="signal 9")
    again, _ = claimed(stores, "worker-2")

    diary = Diary(JobHistory(stores.jobs).of(again), clock=lambda: START)
    diary.message("Going on from checkpoint 5.")
    diary.checkpoint(10, Path("/jobs/step-000010.e2"), 1.5)
    told = diary.as_json()

    assert (told["submitted_by"], told["submitted_at"]) == (job.created_by, "2026-11-20T08:00:00.000000Z")
    assert [(a["attempt"], a["outcome"], a["message"], a["owner"]) for a in told["attempts"]] == [
        (1, "crash", "signal 9", "worker-1"),
        (2, None, None, "worker-2"),
    ]
    assert [entry["text"] for entry in told["messages"]] == ["2 records are cut.", "Going on from checkpoint 5."]
    assert [(entry["step"], entry["name"], entry["loss"]) for entry in told["checkpoints"]] == [
        (5, "5", 2.0),
        (10, "step-000010.e2", 1.5),
    ]
    assert (told["attempts_total"], told["checkpoints_total"]) == (2, 2)


def test_a_run_of_ten_thousand_checkpoints_has_a_history_that_can_be_read() -> None:
    diary = Diary({}, clock=lambda: START)
    for step in range(1, 10_001):
        diary.checkpoint(step, Path(f"step-{step}"), None)
    told = diary.as_json()
    assert len(told["checkpoints"]) <= MOST_ENTRIES
    assert [told["checkpoints"][number]["step"] for number in (0, -1)] == [1, 10_000]
    assert told["checkpoints_total"] == 10_000
