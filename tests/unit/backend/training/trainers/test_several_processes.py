"""Runs of two processes: the course of one process up to rounding, and the same bytes every time."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from backend.training.trainers.base import StopReason, TrainingContext, TrainingStopped
from backend.training.trainers.registry import trainer_for
from backend.training.trainers.run.plan import run_identity
from backend.training.utils.ranks import SOLE, Ranks
from tests.support.feedback_runs import make_continuous_context, write_feedback
from tests.support.forked_ranks import run_ranks
from tests.support.tiny_model import sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

ADAPTER = "adapter_model.safetensors"
PAIRS = [{"prompt": f"{n}? ", "chosen": f"{s} gilt", "rejected": f"{s} nicht"} for n, s in enumerate(sentences(24))]


def config(**lora: Any) -> dict[str, Any]:
    return {
        "lora": {"r": 4, "alpha": 8, "dropout": 0.0, **lora},
        "data": {"validation_split": 0.25},
        "training": {
            "max_steps": 6,
            "batch_size": 2,
            "gradient_accumulation_steps": 3,
            "learning_rate": 0.01,
            "min_warmup_steps": 1,
            "logging_steps": 1,
            "eval_steps": 2,
        },
    }


def train(context: TrainingContext, trainer_type: str, ranks: Ranks = SOLE, **stop: Any) -> dict[str, Any]:
    """What was reported of a run; `stopped` if it followed a stop request."""
    reporter = RecordingReporter(**(stop if ranks.is_first else {}))
    said: dict[str, Any] = {"stopped": None, "metrics": {}}
    try:
        outcome = trainer_for(trainer_type).train(replace(context, ranks=ranks), reporter)
        said["metrics"] = outcome.metrics
    except TrainingStopped as stopped:
        said["stopped"] = stopped.reason
    kinds = {kind: [dict(call) for call in reporter.of(kind)] for kind in ("step", "evaluation")}
    return {**said, **kinds, "checkpoints": [call["step"] for call in reporter.of("checkpoint")]}


def losses(found: Mapping[str, Any]) -> list[float]:
    return [row[name] for name in ("step", "evaluation") for row in found[name] for name in row if "loss" in name]


def context_of(kind: str, root: Path, model: Path, name: str) -> TrainingContext:
    settings = config() | ({"qlora": {"bits": 4}} if kind == "qlora" else {})
    if kind == "continuous":
        settings.pop("data")
        return make_continuous_context(root, model, write_feedback(root / "f.jsonl"), config=settings, name=name)
    records = PAIRS if kind == "preferences" else [{"text": text} for text in sentences(40)]
    return make_context(root, model, write_jsonl(root / "t.jsonl", records), config=settings, name=name)


@pytest.mark.parametrize("kind", ["lora", "qlora", "preferences", "continuous"])
def test_two_processes_take_the_course_of_one(tmp_path: Path, tiny_model: Path, kind: str) -> None:
    trainer_type = "lora" if kind == "preferences" else kind
    one, two = (context_of(kind, tmp_path, tiny_model, name) for name in ("one", "two"))
    alone = train(one, trainer_type)
    found = run_ranks(tmp_path / "ranks", lambda ranks: train(two, trainer_type, ranks))
    assert len(losses(alone)) > 8
    for said in found:
        assert losses(said) == pytest.approx(losses(alone), rel=1e-5)
        assert said["metrics"]["seen_tokens"] == alone["metrics"]["seen_tokens"]
        assert said["metrics"]["num_processes"] == 2
    assert (found[0]["checkpoints"], found[1]["checkpoints"]) == (alone["checkpoints"], [])
    expected = load_file(one.adapter_dir / ADAPTER)
    for name, weights in load_file(two.adapter_dir / ADAPTER).items():
        assert weights == pytest.approx(expected[name], rel=1e-3, abs=1e-5), name


def test_with_dropout_a_run_that_is_cut_and_goes_on_gives_the_bytes_of_one_that_was_not(
    tmp_path: Path, tiny_model: Path, train_file: Path
) -> None:
    settings = config(dropout=0.2)
    whole, cut = (make_context(tmp_path, tiny_model, train_file, config=settings, name=name) for name in "ab")
    rest = make_context(
        tmp_path, tiny_model, train_file, config=settings, name="b", claim_epoch=2, resume_dirs=(cut.job_dir,)
    )
    through = run_ranks(tmp_path / "whole", lambda ranks: train(whole, "lora", ranks))
    stop = {"stop": StopReason.HAND_BACK, "stop_after_step": 3}
    stopped = run_ranks(tmp_path / "cut", lambda ranks: train(cut, "lora", ranks, **stop))
    assert [said["stopped"] for said in stopped] == ["hand_back", "hand_back"]
    assert stopped[0]["checkpoints"] == [3]
    went_on = run_ranks(tmp_path / "rest", lambda ranks: train(rest, "lora", ranks))
    assert [row["step"] for row in went_on[0]["step"]] == [4, 5, 6]
    assert [row["loss"] for row in went_on[0]["step"]] == [row["loss"] for row in through[0]["step"]][3:]
    assert (rest.adapter_dir / ADAPTER).read_bytes() == (whole.adapter_dir / ADAPTER).read_bytes()


def test_the_number_of_processes_is_part_of_what_a_run_is(tmp_path: Path, tiny_model: Path, train_file: Path) -> None:
    settings = config()
    several = {**settings, "training": {**settings["training"], "num_processes": 2}}
    one, two = (make_context(tmp_path, tiny_model, train_file, config=chosen) for chosen in (settings, several))
    assert run_identity(one, "digest") != run_identity(two, "digest")
