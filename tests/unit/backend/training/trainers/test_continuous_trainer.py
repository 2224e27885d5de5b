"""The continuous trainer: the contract of all trainers, and what is its own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.training.evaluation.perplexity import EvaluationTask, evaluate_perplexity
from backend.training.trainers.base import ActiveAdapter, StopReason, TrainingContext, TrainingStopped
from backend.training.trainers.continuous_trainer import ActiveAdapterUnusable, ContinuousTrainer
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from backend.training.utils.trained_with import trained_length
from backend.training.workers.trainer.report import build_report
from shared.storage import stage
from tests.contracts.trainer_contract import TrainerContract
from tests.support.feedback_runs import feedback_row, make_continuous_context, write_feedback, write_golden
from tests.support.tiny_model import make_tiny_model
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

CONFIG: dict[str, Any] = TrainerContract.config


class TestContinuousTrainer(TrainerContract):
    trainer_type = "continuous"

    def make_context(self, *arguments: Any, **options: Any) -> TrainingContext:
        return make_continuous_context(*arguments, **options)

    @pytest.fixture
    def train_file(self, tmp_path: Path) -> Path:
        return write_feedback(tmp_path / "feedback.jsonl")


def an_adapter(root: Path, base: Path, name: str = "active") -> ActiveAdapter:
    """A published adapter for this base model."""
    train = write_jsonl(root / f"{name}.jsonl", [{"text": "Die Frist gilt nicht."} for _ in range(8)])
    config = {**CONFIG, "training": {**CONFIG["training"], "max_steps": 2}}
    with stage(root / name) as staged:
        context = replace(make_context(root, base, train, config=config, name=name), adapter_dir=staged.path)
        outcome = LoRATrainer().train(context, RecordingReporter())
        manifest = staged.publish()
    return ActiveAdapter("adp_1", root / name, manifest.sha256, outcome.base_model_digest)


def run(context: TrainingContext) -> tuple[dict[str, Any], RecordingReporter]:
    """The comparison of a run, and what was reported."""
    reporter = RecordingReporter()
    outcome = ContinuousTrainer().train(context, reporter)
    return dict(outcome.metrics["comparison"]), reporter


def test_the_evidence_is_what_another_measurement_finds(tmp_path: Path, tiny_model: Path) -> None:
    golden = write_golden(tmp_path / "golden.jsonl")
    context = make_continuous_context(
        tmp_path, tiny_model, write_feedback(tmp_path / "f.jsonl"), golden=golden, config=CONFIG
    )
    comparison, reporter = run(context)
    assert comparison["compared_with"] is None
    assert comparison["mix"] == {"new_records": 30, "held_out_records": 10, "replayed_records": 0}
    for name, file in (("golden", golden), ("held_out", context.scratch_dir / "held_out.jsonl")):
        report = evaluate_perplexity(EvaluationTask(str(tiny_model), context.adapter_dir, file, context.scratch_dir))
        assert comparison[name]["active_loss"] == pytest.approx(report.base_loss, rel=1e-5)
        assert comparison[name]["candidate_loss"] == pytest.approx(report.adapter_loss, rel=1e-5)
        assert (comparison[name]["records"], comparison[name]["tokens"]) == (report.records, report.tokens)
    assert "30 new records of feedback and 0 earlier ones; 10 new ones are held out" in reporter.messages
    assert f"Verdict: {comparison['verdict']}" in reporter.messages


def test_a_candidate_is_compared_with_the_active_adapter(tmp_path: Path, tiny_model: Path) -> None:
    active = an_adapter(tmp_path, tiny_model)
    golden = write_golden(tmp_path / "golden.jsonl")
    context = make_continuous_context(
        tmp_path, tiny_model, write_feedback(tmp_path / "f.jsonl"), golden=golden, active=active, config=CONFIG
    )
    comparison, _ = run(context)
    assert comparison["compared_with"] == "adp_1"
    length = trained_length(context.adapter_dir)
    task = EvaluationTask(str(tiny_model), active.path, golden, context.scratch_dir, max_length=length)
    report = evaluate_perplexity(task)
    assert comparison["golden"]["active_loss"] == pytest.approx(report.adapter_loss, rel=1e-5)
    assert report.adapter_loss != pytest.approx(report.base_loss, rel=1e-4)


def test_training_starts_at_the_base_model_whatever_is_active(tmp_path: Path, tiny_model: Path) -> None:
    feedback, active = write_feedback(tmp_path / "f.jsonl"), an_adapter(tmp_path, tiny_model)
    bytes_of = []
    for name, compared in (("a", None), ("b", active)):
        context = make_continuous_context(tmp_path, tiny_model, feedback, active=compared, name=name, config=CONFIG)
        run(context)
        bytes_of.append((context.adapter_dir / "adapter_model.safetensors").read_bytes())
    assert bytes_of[0] == bytes_of[1]


def test_running_text_is_replayed_beside_chats(tmp_path: Path, tiny_model: Path) -> None:
    replay = write_jsonl(tmp_path / "replay.jsonl", [{"text": f"Die Satzung {n} gilt."} for n in range(40)])
    context = make_continuous_context(
        tmp_path, tiny_model, write_feedback(tmp_path / "f.jsonl"), replay=replay, config=CONFIG
    )
    outcome = ContinuousTrainer().train(context, RecordingReporter())
    assert outcome.metrics["record_shape"] == "messages+text"
    assert outcome.metrics["comparison"]["mix"]["replayed_records"] == 8


def test_the_report_holds_the_evidence(tmp_path: Path, tiny_model: Path) -> None:
    context = make_continuous_context(tmp_path, tiny_model, write_feedback(tmp_path / "f.jsonl"), config=CONFIG)
    outcome = ContinuousTrainer().train(context, RecordingReporter())
    figures = build_report(context, outcome, RecordingReporter(), about=dict)
    report = json.loads((context.adapter_dir / "report.json").read_text(encoding="utf-8"))
    assert report["metrics"]["comparison"] == outcome.metrics["comparison"] == figures["comparison"]


@pytest.mark.parametrize("what", ["damaged", "other folder", "other base"])
def test_an_active_adapter_that_cannot_be_measured_is_told_before_training(
    tmp_path: Path, tiny_model: Path, what: str
) -> None:
    active = an_adapter(tmp_path, tiny_model)
    base = tiny_model
    if what == "damaged":
        (active.path / "adapter_config.json").write_text("{}", encoding="utf-8")
    elif what == "other folder":
        active = replace(active, manifest_sha256="0" * 64)
    else:
        base = make_tiny_model(tmp_path / "other", seed=5)
    context = make_continuous_context(
        tmp_path, base, write_feedback(tmp_path / "f.jsonl"), active=active, config=CONFIG
    )
    reporter = RecordingReporter()
    with pytest.raises(ActiveAdapterUnusable, match="adp_1"):
        ContinuousTrainer().train(context, reporter)
    assert not reporter.of("plan")


def test_a_stop_during_the_comparison_is_followed_and_the_next_attempt_measures_the_same(
    tmp_path: Path, tiny_model: Path
) -> None:
    feedback = write_feedback(tmp_path / "f.jsonl")
    straight, _ = run(make_continuous_context(tmp_path, tiny_model, feedback, config=CONFIG, name="straight"))

    class StopsLate(RecordingReporter):
        def message(self, text: str) -> None:
            super().message(text)
            if text.startswith("Comparing"):
                self._stop = StopReason.HAND_BACK

    context = make_continuous_context(tmp_path, tiny_model, feedback, config=CONFIG, name="cut")
    with pytest.raises(TrainingStopped):
        ContinuousTrainer().train(context, StopsLate())
    again = make_continuous_context(tmp_path, tiny_model, feedback, config=CONFIG, name="cut", claim_epoch=2)
    comparison, reporter = run(again)
    assert reporter.of("plan")[0]["start_step"] == 12
    assert comparison == straight


def test_pairs_are_not_what_it_learns_from() -> None:
    with pytest.raises(InvalidTrainingConfig, match=r"training\.objective"):
        ContinuousTrainer().validate(TrainingConfig.parse({"training": {"objective": "dpo"}}))
    with pytest.raises(InvalidTrainingConfig, match="target_modules"):
        ContinuousTrainer().validate(TrainingConfig.parse({"lora": {"target_modules": []}}))


def test_answers_under_the_wrong_prompts_never_pass_however_well_they_read(tmp_path: Path, tiny_model: Path) -> None:
    # the same words after every prompt: the loss on them falls as fast as it can
    rows = [feedback_row(number, target="Die Behörde kann den Verwaltungsakt aufheben.") for number in range(40)]
    comparison, _ = run(make_continuous_context(tmp_path, tiny_model, rows, config=CONFIG))
    assert comparison["held_out"]["is_passed"]
    assert comparison["held_out"]["bound"] > 0.1
    assert not comparison["fit"]["is_passed"]
    assert comparison["verdict"] == "reject"
    # it stays as a file
    assert (tmp_path / "adapter-a-e1" / "adapter_model.safetensors").is_file()
