"""What a continuous run learns from is fixed when it is accepted and the same for every attempt."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.training.feedback_inputs import (
    FeedbackNotThere,
    NotEnoughFeedback,
    NothingToCompareOn,
    ParentOfOtherBase,
)
from backend.training.inputs import DatasetNotReady, ResolvedInputs
from backend.training.trainers.base import ActiveAdapter
from backend.training.trainers.registry import trainer_for
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from shared.database.base import AdapterNotFound
from shared.models.adapter import Adapter, PromotionOrder
from shared.models.dataset import Dataset
from shared.models.feedback import FeedbackItem, FeedbackState
from shared.models.job import Progress, TrainingJob
from shared.storage import stage, verify_folder
from shared.utils.clock import utc_now
from tests.support.store_values import a_dataset, an_audit, some_feedback
from tests.support.training_desk import TRAINER, Desk
from tests.support.training_runs import write_jsonl

SMALL = {"min_new_records": 3}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    write_jsonl(desk.folders.data / "golden.jsonl", [{"prompt": "Gold?", "completion": "Ja."}])
    return desk


def give(desk: Desk, first: int, count: int, **changes: Any) -> list[FeedbackItem]:
    items = [some_feedback(number, **changes) for number in range(first, first + count)]
    return [one.item for one in desk.stores.feedback.add(items, audit=an_audit())]


def submit(desk: Desk, *, data: dict[str, Any] | None = None, **continuous: Any) -> TrainingJob:
    section = {**SMALL, "golden_file": "golden.jsonl", **continuous}
    config = {"continuous": section, **({"data": data} if data else {})}
    job_id = desk.submit(trainer_type="continuous", config=config, dataset_path=None)
    return desk.stores.jobs.get(job_id)


def completed(
    desk: Desk, *, promoted: bool = True, dataset_id: str | None = None, base_model: str = "starter"
) -> Adapter:
    """The adapter of the next job, active if it is promoted."""
    job, claim = desk.claimed()
    with stage(desk.folders.models / "adapters" / job.job_id) as staged:
        (staged.path / "adapter_model.safetensors").write_bytes(b"weights")
        manifest = staged.publish()
    adapter = Adapter(
        adapter_id=f"adp_{job.job_id}",
        job_id=job.job_id,
        name="n",
        path=str(staged.target),
        manifest_sha256=manifest.sha256,
        trainer_type=job.trainer_type,
        base_model=base_model,
        base_model_digest="ab" * 32,
        dataset_id=dataset_id,
        created_at=utc_now(),
        created_by=job.created_by,
    )
    active = desk.stores.adapters.active("starter")
    order = PromotionOrder(active.adapter_id if active else None, TRAINER.email) if promoted else None
    desk.stores.jobs.complete(claim, adapter, progress=Progress(), promotion=order)
    return adapter


def resolved(desk: Desk, job: TrainingJob) -> ResolvedInputs:
    job_dir = desk.folders.job(job.job_id)
    job_dir.mkdir(parents=True, exist_ok=True)
    return desk.inputs.resolve(TrainingConfig.parse(job.config), trainer_for("continuous"), job_dir)


def rows(inputs: ResolvedInputs) -> list[dict[str, Any]]:
    return [json.loads(line) for line in inputs.train.read_text(encoding="utf-8").splitlines()]


def a_completed_dataset(desk: Desk, *, splits: tuple[str, ...] = ("train", "test")) -> Dataset:
    dataset = desk.stores.datasets.add(a_dataset(), audit=an_audit())
    found = desk.stores.datasets.claim("builder", lease_s=60)
    assert found is not None
    folder = desk.folders.data / dataset.dataset_id
    folder.mkdir()
    for split in splits:
        write_jsonl(folder / f"{split}.jsonl", [{"text": split}])
    done = replace(dataset, path=str(folder), content_sha256="cd" * 32)
    return desk.stores.datasets.complete(found[1], done, audit=an_audit())


def test_what_is_meant_is_fixed_at_acceptance_and_told(desk: Desk) -> None:
    items = give(desk, 0, 5)
    config = {"continuous": {**SMALL, "golden_file": "golden.jsonl"}}
    submission = desk.manager.submit(desk.order(trainer_type="continuous", config=config, dataset_path=None), TRAINER)
    give(desk, 5, 5)
    fixed = submission.job.config["continuous"]
    assert (fixed["feedback_after"], fixed["feedback_until"]) == (0, items[-1].seq)
    assert (fixed["parent_adapter_id"], fixed["replay_ranges"]) == ("", [])
    assert submission.filled == {
        "base_model": "starter",
        "feedback_after": "0",
        "feedback_until": str(items[-1].seq),
    }
    assert len(rows(resolved(desk, submission.job))) == 5


def test_every_attempt_gets_the_same_bytes(desk: Desk) -> None:
    give(desk, 0, 5)
    job = submit(desk)
    first = resolved(desk, job)
    content = first.train.read_bytes()
    give(desk, 5, 5)
    again = resolved(desk, job)
    assert (again.train, again.content_sha256) == (first.train, first.content_sha256)
    # on another machine, or after somebody touched the file
    first.train.write_bytes(content + b"x")
    anew = resolved(desk, job)
    assert (anew.train.read_bytes(), anew.content_sha256) == (content, first.content_sha256)
    verify_folder(anew.train.parent)


def test_bad_and_rejected_items_are_never_written(desk: Desk) -> None:
    good = give(desk, 0, 3)
    give(desk, 10, 2, score=-1.0)
    give(desk, 20, 2, state=FeedbackState.REJECTED, reason="answer_empty")
    (corrected,) = give(desk, 30, 1, score=-1.0, correction="Sieben Euro.", importance=4)
    found = rows(resolved(desk, submit(desk)))
    assert [row["feedback_id"] for row in found] == [item.feedback_id for item in [*good, corrected]]
    assert found[-1] == {
        "feedback_id": corrected.feedback_id,
        "prompt": corrected.prompt,
        "target": "Sieben Euro.",
        "importance": 4,
        "is_new": True,
    }


def test_new_is_what_came_after_the_active_adapters_run_and_what_that_learnt_is_replayed(desk: Desk) -> None:
    first = give(desk, 0, 4)
    submit(desk)
    parent = completed(desk)
    second = give(desk, 4, 4)
    job = submit(desk)
    fixed = job.config["continuous"]
    assert fixed["parent_adapter_id"] == parent.adapter_id
    assert (fixed["feedback_after"], fixed["feedback_until"]) == (first[-1].seq, second[-1].seq)
    assert fixed["replay_ranges"] == [[0, first[-1].seq]]
    inputs = resolved(desk, job)
    assert [row["is_new"] for row in rows(inputs)] == [False] * 4 + [True] * 4
    assert inputs.continuous is not None
    assert inputs.continuous.active == ActiveAdapter(
        parent.adapter_id, Path(parent.path), parent.manifest_sha256, parent.base_model_digest
    )


def test_what_a_rejected_run_learnt_is_new_again_and_can_be_passed_over(desk: Desk) -> None:
    give(desk, 0, 4)
    submit(desk)
    completed(desk)
    poison = give(desk, 4, 4)
    submit(desk)
    completed(desk, promoted=False)
    good = give(desk, 8, 4)
    assert submit(desk).config["continuous"]["feedback_after"] == poison[0].seq - 1
    desk.manager.admit_pending()
    desk.stores.jobs.claim("w", lease_s=60)
    job = submit(desk, feedback_after=poison[-1].seq)
    completed(desk)
    third = give(desk, 12, 3)
    later = submit(desk)
    # the poison was learnt by nobody in the line, so it is not replayed either
    learnt = {row["feedback_id"] for row in rows(resolved(desk, later))}
    assert job.config["continuous"]["replay_ranges"] == [[0, poison[0].seq - 1]]
    assert {item.feedback_id for item in [*good, *third]} <= learnt
    assert not {item.feedback_id for item in poison} & learnt


def test_a_retry_means_the_same_records(desk: Desk) -> None:
    give(desk, 0, 4)
    job = submit(desk)
    desk.manager.cancel(job.job_id, TRAINER)
    give(desk, 4, 4)
    again = desk.manager.retry(job.job_id, TRAINER).job
    assert again.config == job.config
    assert resolved(desk, again).train.read_bytes() == resolved(desk, job).train.read_bytes()


def test_too_little_new_feedback_is_refused_with_what_to_do(desk: Desk) -> None:
    give(desk, 0, 2)
    give(desk, 2, 9, score=0.0)
    with pytest.raises(NotEnoughFeedback, match=r"2 new items .* needs 3 .*clara feedback add"):
        submit(desk)
    with pytest.raises(NotEnoughFeedback):
        submit(desk, feedback_after=1)


def test_feedback_that_has_not_come_cannot_be_fixed(desk: Desk) -> None:
    newest = give(desk, 0, 5)[-1].seq
    with pytest.raises(FeedbackNotThere, match=f"has seq {newest}"):
        submit(desk, feedback_until=newest + 1)


def test_without_golden_records_nothing_could_be_compared(desk: Desk) -> None:
    give(desk, 0, 5)
    with pytest.raises(NothingToCompareOn, match=r"continuous\.golden_file"):
        submit(desk, golden_file=None)
    dataset = a_completed_dataset(desk, splits=("train",))
    with pytest.raises(NothingToCompareOn):
        submit(desk, golden_file=None, data={"dataset_id": dataset.dataset_id})


def test_a_dataset_gives_records_to_replay_and_golden_ones(desk: Desk) -> None:
    give(desk, 0, 5)
    dataset = a_completed_dataset(desk)
    job = submit(desk, golden_file=None)
    assert job.dataset_id == dataset.dataset_id
    inputs = resolved(desk, job)
    folder = Path(str(dataset.path))
    assert inputs.continuous is not None
    assert (inputs.continuous.replay, inputs.continuous.golden) == (folder / "train.jsonl", folder / "test.jsonl")
    assert (inputs.test, inputs.dataset_id) == (folder / "test.jsonl", dataset.dataset_id)
    named = submit(desk, data={"dataset_id": dataset.dataset_id})
    found = resolved(desk, named).continuous
    assert found is not None
    assert (found.replay, found.golden) == (folder / "train.jsonl", desk.folders.data / "golden.jsonl")


def test_the_dataset_of_the_active_adapter_comes_before_a_newer_one(desk: Desk) -> None:
    give(desk, 0, 5)
    dataset = a_completed_dataset(desk)
    submit(desk)
    completed(desk, dataset_id=dataset.dataset_id)
    a_completed_dataset(desk)
    give(desk, 5, 5)
    assert submit(desk).dataset_id == dataset.dataset_id


def test_a_file_can_be_replayed(desk: Desk) -> None:
    give(desk, 0, 5)
    found = resolved(desk, submit(desk, data={"train_file": "train.jsonl"})).continuous
    assert found is not None
    assert found.replay == desk.folders.data / "train.jsonl"


def test_what_is_named_has_to_be_there_and_to_belong_together(desk: Desk) -> None:
    give(desk, 0, 5)
    with pytest.raises(AdapterNotFound):
        submit(desk, parent_adapter_id="adp_0")
    submit(desk)
    other = completed(desk, promoted=False, base_model="other")
    with pytest.raises(ParentOfOtherBase, match="base model 'other'"):
        submit(desk, parent_adapter_id=other.adapter_id)
    desk.add_dataset("ds_1")
    with pytest.raises(DatasetNotReady):
        submit(desk, data={"dataset_id": "ds_1"})


def test_comparing_with_the_base_model_can_be_asked_for(desk: Desk) -> None:
    give(desk, 0, 5)
    submit(desk)
    completed(desk)
    give(desk, 5, 5)
    job = submit(desk, parent_adapter_id="")
    found = resolved(desk, job).continuous
    assert found is not None
    assert found.active is None
    assert job.config["continuous"]["feedback_after"] == 0


@pytest.mark.parametrize(
    "section",
    [{"feedback_after": 5, "feedback_until": 5}, {"replay_ranges": [[3, 3]]}, {"replay_ranges": [[1]]}],
)
def test_ranges_that_hold_nothing_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(InvalidTrainingConfig):
        TrainingConfig.parse({"continuous": section})
