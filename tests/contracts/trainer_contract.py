"""What every trainer must do: make an adapter that loads, go on to the same bytes, stop, refuse."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from backend.training.evaluation.perplexity import EvaluationTask, evaluate_perplexity
from backend.training.formats.validation import EmptyData, InvalidRecords
from backend.training.trainers.base import BaseTrainer, StopReason, TrainingContext, TrainingStopped
from backend.training.trainers.registry import trainer_for
from backend.training.utils.base_model import BaseModelMissing
from shared.storage import sha256_file, verify_folder
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl


class TrainerContract:
    """Subclass it and give `trainer_type`; `config` may add what the trainer needs for twelve short steps."""

    trainer_type: str
    config: ClassVar[dict[str, Any]] = {
        "lora": {"r": 4, "alpha": 8},
        "training": {
            "num_epochs": 3,
            "max_steps": 12,
            "batch_size": 3,
            "gradient_accumulation_steps": 2,
            "learning_rate": 0.01,
            "min_warmup_steps": 1,
            "eval_steps": 4,
            "logging_steps": 1,
        },
    }

    def make_context(self, *arguments: Any, **options: Any) -> TrainingContext:
        """The context of an attempt; a trainer that needs more than records adds it here."""
        return make_context(*arguments, **options)

    @pytest.fixture
    def trainer(self) -> BaseTrainer:
        return trainer_for(self.trainer_type)

    def test_the_folder_holds_the_adapter_how_it_was_made_and_no_pickle(
        self, trainer: BaseTrainer, tmp_path: Path, tiny_model: Path, train_file: Path
    ) -> None:
        context = self.make_context(tmp_path, tiny_model, train_file, config=self.config)
        outcome = trainer.train(context, RecordingReporter())
        files = {path.name for path in context.adapter_dir.iterdir()}
        assert files >= {
            "adapter_model.safetensors",
            "adapter_config.json",
            "training_config.json",
            "training_log.jsonl",
        }
        assert not [name for name in files if Path(name).suffix in {".bin", ".pt", ".pth", ".pkl"}]
        assert json.loads((context.adapter_dir / "adapter_config.json").read_text())["peft_type"] == "LORA"
        assert outcome.steps == 12
        assert len(outcome.base_model_digest) == 64

    def test_the_plan_comes_first_and_progress_never_goes_back(
        self, trainer: BaseTrainer, tmp_path: Path, tiny_model: Path, train_file: Path
    ) -> None:
        reporter = RecordingReporter()
        trainer.train(self.make_context(tmp_path, tiny_model, train_file, config=self.config), reporter)
        kinds = [kind for kind, _ in reporter.calls if kind not in ("message", "alive")]
        assert kinds[0] == "plan"
        assert reporter.of("plan")[0]["total_steps"] == 12
        assert [call["step"] for call in reporter.of("step")] == list(range(1, 13))
        assert reporter.of("step")[0].keys() >= {
            "loss",
            "learning_rate",
            "grad_norm",
            "tokens_per_s",
            "memory_mb",
            "eta_s",
            "elapsed_s",
        }

    def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(
        self, trainer: BaseTrainer, tmp_path: Path, tiny_model: Path, train_file: Path
    ) -> None:
        hashes = []
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            config = {**self.config, "training": {**self.config["training"], "seed": seed}}
            context = self.make_context(tmp_path, tiny_model, train_file, config=config, name=name)
            trainer.train(context, RecordingReporter())
            hashes.append(sha256_file(context.adapter_dir / "adapter_model.safetensors"))
        assert hashes[0] == hashes[1] != hashes[2]

    @pytest.mark.parametrize(
        ("reason", "stop_after_step"),
        [(StopReason.HAND_BACK, 1), (StopReason.HAND_BACK, 4), (StopReason.PAUSE, 7)],
    )
    def test_a_run_that_is_handed_back_or_paused_goes_on_to_the_same_bytes(
        self,
        trainer: BaseTrainer,
        tmp_path: Path,
        tiny_model: Path,
        train_file: Path,
        reason: StopReason,
        stop_after_step: int,
    ) -> None:
        straight = self.make_context(tmp_path, tiny_model, train_file, config=self.config, name="straight")
        trainer.train(straight, RecordingReporter())
        first = self.make_context(tmp_path, tiny_model, train_file, config=self.config, name="cut")
        reporter = RecordingReporter(stop=reason, stop_after_step=stop_after_step)
        with pytest.raises(TrainingStopped) as stopped:
            trainer.train(first, reporter)
        assert stopped.value.reason is reason
        published = reporter.of("checkpoint")[-1]
        assert published["step"] == stop_after_step
        assert verify_folder(published["path"]).sha256 == published["manifest_sha256"]
        second = self.make_context(tmp_path, tiny_model, train_file, config=self.config, name="cut", claim_epoch=2)
        reporter = RecordingReporter()
        outcome = trainer.train(second, reporter)
        assert reporter.of("plan")[0]["start_step"] == stop_after_step
        assert outcome.metrics["resumed_from_step"] == stop_after_step
        assert [call["step"] for call in reporter.of("step")] == list(range(stop_after_step + 1, 13))
        name = "adapter_model.safetensors"
        assert (second.adapter_dir / name).read_bytes() == (straight.adapter_dir / name).read_bytes()

    def test_a_cancel_ends_at_once_without_adapter_or_checkpoint(
        self, trainer: BaseTrainer, tmp_path: Path, tiny_model: Path, train_file: Path
    ) -> None:
        context = self.make_context(tmp_path, tiny_model, train_file, config=self.config)
        reporter = RecordingReporter(stop=StopReason.CANCEL, stop_after_step=2)
        with pytest.raises(TrainingStopped) as stopped:
            trainer.train(context, reporter)
        assert stopped.value.reason is StopReason.CANCEL
        assert reporter.of("step")[-1]["step"] == 2
        assert not reporter.of("checkpoint")
        assert not list(context.adapter_dir.iterdir())

    def test_a_damaged_checkpoint_is_passed_over_and_the_bytes_are_the_same(
        self, trainer: BaseTrainer, tmp_path: Path, tiny_model: Path, train_file: Path
    ) -> None:
        straight = self.make_context(tmp_path, tiny_model, train_file, config=self.config, name="straight")
        trainer.train(straight, RecordingReporter())
        first = self.make_context(tmp_path, tiny_model, train_file, config=self.config, name="cut", save_every_steps=3)
        with pytest.raises(TrainingStopped):
            trainer.train(first, RecordingReporter(stop=StopReason.HAND_BACK, stop_after_step=7))
        torn = first.job_dir / "checkpoints" / "step-000007.e1" / "optimizer.safetensors"
        torn.write_bytes(torn.read_bytes()[:-1])
        second = self.make_context(tmp_path, tiny_model, train_file, config=self.config, name="cut", claim_epoch=2)
        reporter = RecordingReporter()
        trainer.train(second, reporter)
        assert reporter.of("plan")[0]["start_step"] == 6
        assert "step-000007.e1 is passed over" in reporter.messages
        name = "adapter_model.safetensors"
        assert (second.adapter_dir / name).read_bytes() == (straight.adapter_dir / name).read_bytes()


class LanguageModelTrainerContract(TrainerContract):
    """What every trainer that adapts a language model must do besides."""

    def test_the_adapter_loads_and_gives_the_reported_evaluation_loss(
        self, trainer: BaseTrainer, tmp_path: Path, tiny_model: Path, train_file: Path, validation_file: Path
    ) -> None:
        context = self.make_context(tmp_path, tiny_model, train_file, validation=validation_file, config=self.config)
        outcome = trainer.train(context, RecordingReporter())
        report = evaluate_perplexity(
            EvaluationTask(str(tiny_model), context.adapter_dir, validation_file, context.scratch_dir)
        )
        assert report.adapter_loss == pytest.approx(outcome.metrics["eval_loss"], rel=1e-5)
        assert report.base_loss == pytest.approx(outcome.metrics["eval_loss_base"], rel=1e-5)
        assert report.ratio < 1
        assert outcome.steps == 12
        assert len(outcome.base_model_digest) == 64

    def test_the_folder_holds_all_that_is_needed_to_talk_to_it(
        self, trainer: BaseTrainer, tmp_path: Path, tiny_model: Path, train_file: Path
    ) -> None:
        context = self.make_context(tmp_path, tiny_model, train_file, config=self.config)
        trainer.train(context, RecordingReporter())
        files = {path.name for path in context.adapter_dir.iterdir()}
        assert files >= {
            "adapter_model.safetensors",
            "adapter_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "chat_template.jinja",
            "golden_chats.json",
            "training_config.json",
            "training_log.jsonl",
        }
        assert not [name for name in files if Path(name).suffix in {".bin", ".pt", ".pth", ".pkl"}]
        config = json.loads((context.adapter_dir / "adapter_config.json").read_text())
        assert Path(config["base_model_name_or_path"]) == tiny_model.resolve()

    def test_a_missing_base_model_is_refused(self, trainer: BaseTrainer, tmp_path: Path, train_file: Path) -> None:
        context = self.make_context(tmp_path, tmp_path / "none", train_file, config=self.config)
        with pytest.raises(BaseModelMissing, match="create-starter"):
            trainer.train(context, RecordingReporter())

    def test_bad_and_empty_records_are_refused(self, trainer: BaseTrainer, tmp_path: Path, tiny_model: Path) -> None:
        bad = write_jsonl(tmp_path / "bad.jsonl", [{"text": "Die Frist"}, {"text": ""}])
        with pytest.raises(InvalidRecords, match="line 2, text"):
            trainer.train(self.make_context(tmp_path, tiny_model, bad, config=self.config), RecordingReporter())
        empty = write_jsonl(tmp_path / "empty.jsonl", [])
        with pytest.raises(EmptyData):
            trainer.train(
                self.make_context(tmp_path, tiny_model, empty, config=self.config, name="b"), RecordingReporter()
            )
