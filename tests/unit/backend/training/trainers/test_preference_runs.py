"""Training on preferences: the chosen answers become likelier than the rejected ones, and runs survive as all do."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from backend.training.evaluation.perplexity import EvaluationTask, evaluate_perplexity
from backend.training.trainers.base import StopReason, TrainingContext, TrainingOutcome, TrainingStopped
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.trainers.run.objectives.choice import WrongObjective
from backend.training.trainers.run.records import DifferentShapes
from tests.contracts.trainer_contract import TrainerContract
from tests.support.tiny_model import sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

SETTINGS: dict[str, Any] = {
    "lora": {"r": 4, "alpha": 8, "dropout": 0.0},
    "data": {"validation_split": 0.25},
    "training": {
        "max_steps": 20,
        "batch_size": 4,
        "gradient_accumulation_steps": 2,
        "learning_rate": 0.01,
        "min_warmup_steps": 1,
        "logging_steps": 1,
        "eval_steps": 5,
    },
}
ADAPTER = "adapter_model.safetensors"


def pairs(count: int, *, seed: int = 7) -> list[dict[str, Any]]:
    """The chosen answer always ends alike, the rejected one never does."""
    asked, other = sentences(count, seed=seed, words=8), sentences(count, seed=seed + 1, words=8)
    return [
        {"prompt": question, "chosen": f" Der Bescheid gilt. {answer}", "rejected": f" Die Frist gilt nicht. {answer}"}
        for question, answer in zip(asked, other, strict=True)
    ]


@pytest.fixture
def pair_file(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "pairs.jsonl", pairs(40))


class TestPreferences(TrainerContract):
    """What holds of every run holds of this one."""

    trainer_type = "lora"
    config: ClassVar[dict[str, Any]] = {
        **TrainerContract.config,
        "dpo": {"beta": 0.2},
    }

    @pytest.fixture
    def train_file(self, tmp_path: Path) -> Path:
        return write_jsonl(tmp_path / "pairs.jsonl", pairs(30))


def run(context: TrainingContext, reporter: RecordingReporter | None = None) -> TrainingOutcome:
    return LoRATrainer().train(context, reporter or RecordingReporter())


def test_the_chosen_answers_gain_on_pairs_that_were_never_trained(
    tmp_path: Path, tiny_model: Path, pair_file: Path
) -> None:
    context = make_context(tmp_path, tiny_model, pair_file, config=SETTINGS)
    reporter = RecordingReporter()
    outcome = run(context, reporter)
    first, last = reporter.of("evaluation")[0], reporter.of("evaluation")[-1]
    assert first["eval_loss"] == pytest.approx(0.6931, abs=1e-4)  # -log sigmoid(0): nothing has moved yet
    assert first["eval_reward_margin"] == pytest.approx(0, abs=1e-5)
    assert last["eval_loss"] < 0.5
    assert last["eval_reward_accuracy"] == 1
    assert 0 < last["eval_pairs"] == outcome.metrics["validation_records"]
    assert outcome.metrics["records"] + outcome.metrics["validation_records"] == 40
    assert outcome.metrics["objective"] == "dpo"
    steps = reporter.of("step")
    assert steps[0]["reward_margin"] < steps[-1]["reward_margin"]
    assert {"reward_accuracy", "loss", "grad_norm", "trained_tokens"} <= set(steps[0])


def test_held_out_pairs_are_told_from_the_finished_adapter(tmp_path: Path, tiny_model: Path, pair_file: Path) -> None:
    context = make_context(tmp_path, tiny_model, pair_file, config=SETTINGS)
    run(context)
    report = evaluate_perplexity(
        EvaluationTask(
            base_model=str(tiny_model),
            adapter_dir=context.adapter_dir,
            test_file=write_jsonl(tmp_path / "test.jsonl", pairs(8, seed=99)),
            scratch_dir=tmp_path,
        )
    )
    assert report.records == 8
    assert report.as_metrics()["preference_accuracy"] == 1


def test_the_folder_says_what_was_learnt_and_how_fast(tmp_path: Path, tiny_model: Path, pair_file: Path) -> None:
    settings = {**SETTINGS, "training": {**SETTINGS["training"], "learning_rate": None, "max_steps": 2}}
    context = make_context(tmp_path, tiny_model, pair_file, config=settings)
    run(context)
    resolved = json.loads((context.adapter_dir / "training_config.json").read_text())["resolved"]
    assert (resolved["objective"], resolved["learning_rate"]) == ("dpo", 5e-6)


def test_the_base_model_is_asked_once(
    tmp_path: Path, tiny_model: Path, pair_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_context(tmp_path, tiny_model, pair_file, config=SETTINGS)
    with pytest.raises(TrainingStopped):
        run(first, RecordingReporter(stop=StopReason.HAND_BACK, stop_after_step=3))
    monkeypatch.setattr(
        "backend.training.trainers.run.objectives.preferences.log_probabilities", lambda *_, **__: pytest.fail("again")
    )
    again = make_context(tmp_path, tiny_model, pair_file, config=SETTINGS, claim_epoch=2)
    assert run(again).metrics["resumed_from_step"] == 3


@pytest.mark.parametrize("damage", ["torn", "missing"])
def test_answers_of_the_base_model_that_were_damaged_are_asked_for_again(
    tmp_path: Path, tiny_model: Path, pair_file: Path, damage: str
) -> None:
    straight = make_context(tmp_path, tiny_model, pair_file, config=SETTINGS, name="straight")
    run(straight)
    first = make_context(tmp_path, tiny_model, pair_file, config=SETTINGS, name="cut")
    with pytest.raises(TrainingStopped):
        run(first, RecordingReporter(stop=StopReason.HAND_BACK, stop_after_step=3))
    (kept,) = first.job_dir.glob("base-answers-*/*.safetensors")
    if damage == "torn":
        kept.write_bytes(kept.read_bytes()[:-1])
    else:
        kept.unlink()
    again = make_context(tmp_path, tiny_model, pair_file, config=SETTINGS, name="cut", claim_epoch=2)
    run(again)
    assert (again.adapter_dir / ADAPTER).read_bytes() == (straight.adapter_dir / ADAPTER).read_bytes()


@pytest.mark.parametrize(
    "changes", [{"dpo": {"beta": 0.5}}, {"dpo": {"label_smoothing": 0.2}}, {"lora": {**SETTINGS["lora"], "r": 2}}]
)
def test_every_parameter_changes_the_adapter(
    tmp_path: Path, tiny_model: Path, pair_file: Path, changes: dict[str, Any]
) -> None:
    written = []
    for name, settings in (("plain", SETTINGS), ("changed", {**SETTINGS, **changes})):
        settings = {**settings, "training": {**settings["training"], "max_steps": 3}}
        context = make_context(tmp_path, tiny_model, pair_file, config=settings, name=name)
        run(context)
        written.append((context.adapter_dir / ADAPTER).read_bytes())
    assert written[0] != written[1]


def test_records_that_the_objective_cannot_learn_from_are_refused(
    tmp_path: Path, tiny_model: Path, train_file: Path, pair_file: Path
) -> None:
    for objective, file in (("dpo", train_file), ("sft", pair_file)):
        settings = {**SETTINGS, "training": {**SETTINGS["training"], "objective": objective}}
        with pytest.raises(WrongObjective, match=objective):
            run(make_context(tmp_path, tiny_model, file, config=settings, name=objective))
    with pytest.raises(DifferentShapes, match="preference"):
        run(make_context(tmp_path, tiny_model, pair_file, validation=train_file, config=SETTINGS))
