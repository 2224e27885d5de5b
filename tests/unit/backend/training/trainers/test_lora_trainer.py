"""The LoRA trainer: the contract of all trainers, and what is its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.utils._python_dispatch import TorchDispatchMode

from backend.training.evaluation.perplexity import EvaluationTask, evaluate_perplexity
from backend.training.starter.create import create_starter
from backend.training.starter.options import StarterOptions
from backend.training.trainers.base import TrainingContext, TrainingOutcome
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.trainers.run.adapter_config import effective_dropout
from backend.training.trainers.run.watchdogs import LossNotFinite, LossSpike
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from backend.training.utils import quantization
from backend.training.workers.trainer.report import build_report
from tests.contracts.trainer_contract import LanguageModelTrainerContract
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

ROOT = Path(__file__).parents[5]
ADAPTER = "adapter_model.safetensors"


class TestLoRATrainer(LanguageModelTrainerContract):
    trainer_type = "lora"


class TestPiSSA(LanguageModelTrainerContract):
    """The adapter is a difference to the base on disk, and a run that goes on finds the same start again."""

    trainer_type = "lora"
    config: ClassVar[dict[str, Any]] = {
        **LanguageModelTrainerContract.config,
        "lora": {"r": 4, "alpha": 8, "init": "pissa", "use_rslora": True},
    }


def run(context: TrainingContext, reporter: RecordingReporter | None = None) -> TrainingOutcome:
    return LoRATrainer().train(context, reporter or RecordingReporter())


def config(**changes: dict[str, Any]) -> dict[str, Any]:
    base: dict[str, dict[str, Any]] = {
        "lora": {"r": 2, "alpha": 4, "dropout": 0.0},
        "data": {"validation_split": 0},
        "training": {"max_steps": 3, "batch_size": 4, "gradient_accumulation_steps": 1, "min_warmup_steps": 0},
    }
    return {name: {**base.get(name, {}), **changes.get(name, {})} for name in {*base, *changes}}


def test_a_killed_process_leaves_checkpoints_from_which_the_same_bytes_follow(
    tmp_path: Path, tiny_model: Path, train_file: Path
) -> None:
    settings = config(lora={"dropout": 0.1}, training={"max_steps": 10, "save_steps": 2, "logging_steps": 1})
    straight = make_context(tmp_path, tiny_model, train_file, config=settings, name="straight")
    run(straight)
    cut = make_context(tmp_path, tiny_model, train_file, config=settings, name="cut")
    code = f"""
        import os, signal
        from pathlib import Path
        from backend.training.trainers.lora_trainer import LoRATrainer
        from tests.support.training_runs import RecordingReporter, make_context

        class Dying(RecordingReporter):
            def step(self, **call):
                if call["step"] == 5:
                    os.kill(os.getpid(), signal.SIGKILL)

        context = make_context(Path({str(tmp_path)!r}), Path({str(tiny_model)!r}), Path({str(train_file)!r}),
                               config={settings!r}, name="cut")
        LoRATrainer().train(context, Dying())
    """
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert sorted(path.name for path in (cut.job_dir / "checkpoints").iterdir()) == [
        "step-000002.e1",
        "step-000004.e1",
    ]
    again = make_context(tmp_path, tiny_model, train_file, config=settings, name="cut", claim_epoch=2)
    reporter = RecordingReporter()
    run(again, reporter)
    assert reporter.of("plan")[0]["start_step"] == 4
    assert (again.adapter_dir / ADAPTER).read_bytes() == (straight.adapter_dir / ADAPTER).read_bytes()
    log = [json.loads(line) for line in (again.adapter_dir / "training_log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in log] == list(range(1, 11))


def test_gradients_are_a_mean_over_tokens_not_over_batches(tmp_path: Path, tiny_model: Path) -> None:
    texts = sentences(6, words=4) + sentences(6, seed=8, words=60)
    train = write_jsonl(tmp_path / "t.jsonl", [{"text": text} for text in texts])
    weights = []
    for name, batch_size, accumulation in (("whole", 12, 1), ("parts", 2, 6)):
        settings = config(
            training={"batch_size": batch_size, "gradient_accumulation_steps": accumulation, "max_steps": 1}
        )
        context = make_context(tmp_path, tiny_model, train, config=settings, name=name)
        run(context)
        weights.append(load_file(context.adapter_dir / ADAPTER))
    for name, tensor in weights[0].items():
        assert tensor.allclose(weights[1][name], atol=1e-6), name


class NumbersTaken(TorchDispatchMode):
    """Counts the numbers that our own code takes out of tensors: on a GPU, each time the host waits.

    Transformers takes one in every forward pass, to see whether several texts lie in one row.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            files = [frame.filename for frame in reversed(traceback.extract_stack()[:-1])]
            self.count += next(name for name in files if "/torch/" not in name).startswith(str(ROOT / "backend"))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("is_pair", [False, True], ids=["sft", "dpo"])
def test_a_step_reads_the_device_once_however_many_batches_it_has(
    tmp_path: Path, tiny_model: Path, *, is_pair: bool
) -> None:
    texts = sentences(32)
    records = [
        {"prompt": "Frist?", "chosen": one, "rejected": one[::-1]} if is_pair else {"text": one} for one in texts
    ]
    train = write_jsonl(tmp_path / "t.jsonl", records)
    reads = []
    for accumulation in (1, 4):
        settings = config(training={"batch_size": 2, "gradient_accumulation_steps": accumulation, "max_steps": 4})
        context = make_context(tmp_path, tiny_model, train, config=settings, name=f"{accumulation}")
        with NumbersTaken() as taken:
            run(context)
        reads.append(taken.count)
    assert reads[0] == reads[1]


def test_the_adapter_with_the_best_evaluation_is_published_and_patience_ends_the_run(
    tmp_path: Path, tiny_model: Path, train_file: Path
) -> None:
    # the validation records say the opposite of the train records: soon every step makes them less likely
    validation = write_jsonl(tmp_path / "v.jsonl", [{"text": "Gebühr " * 20}])
    settings = config(
        training={
            "max_steps": 60,
            "num_epochs": 20,
            "eval_steps": 1,
            "early_stopping_patience": 2,
            "learning_rate": 0.02,
            "lr_scheduler": "constant",
        }
    )
    context = make_context(tmp_path, tiny_model, train_file, validation=validation, config=settings)
    reporter = RecordingReporter()
    outcome = run(context, reporter)
    losses = {call["step"]: call["eval_loss"] for call in reporter.of("evaluation")}
    best = min((step for step in losses if step > 0), key=lambda step: losses[step])
    assert outcome.metrics["stopped_early"]
    assert outcome.steps == best + 2 < 60
    assert outcome.metrics["published_step"] == best
    assert outcome.metrics["eval_loss"] == losses[best]
    assert outcome.metrics["eval_loss_last"] == losses[best + 2]


def test_truncation_is_told_with_its_count(tmp_path: Path, tiny_model: Path) -> None:
    train = write_jsonl(tmp_path / "t.jsonl", [{"text": text} for text in [*sentences(9, words=4), "Frist " * 60]])
    reporter = RecordingReporter()
    outcome = run(make_context(tmp_path, tiny_model, train, config=config(data={"max_length": 32})), reporter)
    assert "1 of 10 records are longer than 32 tokens" in reporter.messages
    assert outcome.metrics["truncated_records"] == 1


@pytest.mark.parametrize("shape", ["messages", "prompt_completion"])
def test_all_shapes_are_trained(tmp_path: Path, tiny_model: Path, shape: str) -> None:
    pairs = list(zip(sentences(8, words=6), sentences(8, seed=3, words=6), strict=True))
    if shape == "messages":
        records: list[dict[str, Any]] = [
            {"messages": [{"role": "user", "content": a}, {"role": "assistant", "content": b}]} for a, b in pairs
        ]
    else:
        records = [{"prompt": a, "completion": b} for a, b in pairs]
    context = make_context(tmp_path, tiny_model, write_jsonl(tmp_path / "t.jsonl", records), config=config())
    outcome = run(context)
    assert outcome.metrics["record_shape"] == shape
    assert outcome.metrics["trained_tokens"] < outcome.metrics["tokens"]


@pytest.mark.parametrize(
    "changes",
    [
        {"lora": {"r": 3}},
        {"lora": {"alpha": 9}},
        {"lora": {"dropout": 0.5}},
        {"lora": {"use_rslora": True}},
        {"lora": {"use_dora": True}},
        {"lora": {"init": "pissa"}},
        {"lora": {"target_modules": ["q_proj"]}},
        {"data": {"max_length": 8}},
        {"data": {"validation_split": 0.3}},
        {"training": {"optimizer": "adamw_8bit"}},
        {"training": {"learning_rate": 0.001}},
        {"training": {"lora_plus_ratio": 4}},
        {"training": {"lr_scheduler": "constant"}},
        {"training": {"min_warmup_steps": 5}},
        {"training": {"weight_decay": 0.5}},
        {"training": {"max_grad_norm": 0.001}},
        {"training": {"batch_size": 2}},
        {"training": {"gradient_accumulation_steps": 2}},
        {"training": {"max_steps": 2}},
        {"model": {"dtype": "bfloat16"}},
    ],
    ids=str,
)
def test_every_parameter_changes_the_adapter(
    tmp_path: Path, tiny_model: Path, train_file: Path, changes: dict[str, Any], reference_bytes: bytes
) -> None:
    context = make_context(tmp_path, tiny_model, train_file, config=config(**changes))
    run(context)
    assert (context.adapter_dir / ADAPTER).read_bytes() != reference_bytes


def test_gradient_checkpointing_saves_memory_not_accuracy(
    tmp_path: Path, tiny_model: Path, train_file: Path, reference_bytes: bytes
) -> None:
    context = make_context(tmp_path, tiny_model, train_file, config=config(training={"gradient_checkpointing": True}))
    run(context)
    assert (context.adapter_dir / ADAPTER).read_bytes() == reference_bytes


@pytest.fixture(scope="module")
def reference_bytes(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> bytes:
    root = tmp_path_factory.mktemp("reference")
    train = write_jsonl(root / "train.jsonl", [{"text": text} for text in sentences(40)])
    context = make_context(root, tiny_model, train, config=config())
    run(context)
    return (context.adapter_dir / ADAPTER).read_bytes()


def test_a_number_of_epochs_without_max_steps_is_walked_whole(
    tmp_path: Path, tiny_model: Path, train_file: Path
) -> None:
    settings = config(training={"max_steps": None, "num_epochs": 2, "batch_size": 8, "gradient_accumulation_steps": 2})
    reporter = RecordingReporter()
    outcome = run(make_context(tmp_path, tiny_model, train_file, config=settings), reporter)
    # 40 records, 5 batches, 3 optimizer steps per epoch, the last of them with a single batch
    assert (outcome.steps, outcome.epochs) == (6, 2)
    assert outcome.metrics["seen_tokens"] == 2 * outcome.metrics["trained_tokens"]


def test_old_checkpoints_go_as_configured(tmp_path: Path, tiny_model: Path, train_file: Path) -> None:
    settings = config(training={"max_steps": 5, "save_steps": 1, "save_total_limit": 2})
    context = make_context(tmp_path, tiny_model, train_file, config=settings)
    run(context)
    assert sorted(path.name for path in (context.job_dir / "checkpoints").iterdir()) == [
        "step-000004.e1",
        "step-000005.e1",
    ]


def test_target_modules_that_the_model_lacks_are_named(tmp_path: Path, tiny_model: Path, train_file: Path) -> None:
    settings = config(lora={"target_modules": ["c_attn"]})
    with pytest.raises(InvalidTrainingConfig, match="c_attn"):
        run(make_context(tmp_path, tiny_model, train_file, config=settings))


def test_options_that_exclude_each_other_are_refused_at_submit() -> None:
    with pytest.raises(InvalidTrainingConfig, match=r"lora\.init: pissa and use_dora start the same weights"):
        LoRATrainer().validate(TrainingConfig.parse({"lora": {"init": "pissa", "use_dora": True}}))


def test_a_run_with_a_broken_model_ends_with_a_named_reason_and_no_adapter(
    tmp_path: Path, tiny_model: Path, train_file: Path
) -> None:
    broken = Path(shutil.copytree(tiny_model, tmp_path / "broken"))
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"][0] = float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    context = make_context(tmp_path, broken, train_file, config=config())
    with pytest.raises(LossNotFinite, match="step 1"):
        run(context)
    assert not list(context.adapter_dir.iterdir())


def test_a_run_that_diverges_ends_by_name_with_the_last_good_checkpoint(tmp_path: Path, train_file: Path) -> None:
    model = make_tiny_model(tmp_path / "untied", is_tied=False)
    # a rate that rises without end: calm at first, then beyond all measure
    settings = config(
        lora={"r": 16, "target_modules": ["up_proj", "down_proj", "lm_head"]},
        training={
            "max_steps": 300,
            "num_epochs": 300,
            "learning_rate": 1.0,
            "warmup_ratio": 0.99,
            "max_grad_norm": 1e6,
            "save_steps": 1,
            "save_total_limit": 1,
        },
    )
    context = make_context(tmp_path, model, train_file, config=settings)
    with pytest.raises(LossSpike, match="for 5 steps in a row") as ended:
        run(context)
    [left] = (context.job_dir / "checkpoints").iterdir()
    assert left.name == f"step-{ended.value.step - 5:06d}.e1"
    assert left.name in ended.value.message
    assert not list(context.adapter_dir.iterdir())


def test_dropout_depends_on_the_size_of_the_set_unless_it_is_given() -> None:
    default, given = TrainingConfig.parse({}), TrainingConfig.parse({"lora": {"dropout": 0.2}})
    assert [effective_dropout(default, records=count) for count in (999, 1000)] == [0.05, 0.0]
    assert effective_dropout(given, records=5) == 0.2


def test_checkpoints_of_another_config_are_not_gone_on_from(tmp_path: Path, tiny_model: Path, train_file: Path) -> None:
    run(make_context(tmp_path, tiny_model, train_file, config=config()))
    other = make_context(
        tmp_path, tiny_model, train_file, config=config(training={"learning_rate": 1e-5}), claim_epoch=2
    )
    reporter = RecordingReporter()
    run(other, reporter)
    assert reporter.of("plan")[0]["start_step"] == 0
    assert "another config" in reporter.messages


def test_an_adapter_may_reach_embedding_and_head_of_a_starter_model(tmp_path: Path, train_file: Path) -> None:
    options = StarterOptions(
        steps=2,
        tokens_per_step=128,
        short_window=32,
        context_length=64,
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        layers=1,
        heads=2,
        threads=1,
    )
    starter = create_starter(lambda: iter(sentences(300)), tmp_path / "starter", options, lambda _: None).path
    settings = config(
        lora={"target_modules": ["q_proj", "embed_tokens", "lm_head"]},
        training={"max_steps": 8, "learning_rate": 0.02, "min_warmup_steps": 1},
    )
    context = make_context(tmp_path, starter, train_file, validation=train_file, config=settings)
    outcome = run(context)
    report = evaluate_perplexity(EvaluationTask(str(starter), context.adapter_dir, train_file, context.scratch_dir))
    assert report.adapter_loss == pytest.approx(outcome.metrics["eval_loss"], rel=1e-5)
    assert report.ratio < 0.9
    names = set(load_file(context.adapter_dir / ADAPTER))
    assert all(any(layer in name for name in names) for layer in ("q_proj", "embed_tokens", "lm_head"))


def test_every_stretch_without_steps_says_that_it_gets_on(tmp_path: Path, tiny_model: Path, train_file: Path) -> None:
    records = write_jsonl(tmp_path / "held_out.jsonl", [{"text": text} for text in sentences(8, seed=5)])
    settings = config(training={"logging_steps": 100, "max_steps": 4, "eval_steps": 4, "batch_size": 2})
    made = make_context(tmp_path, tiny_model, train_file, validation=records, config=settings)
    context = replace(made, data=replace(made.data, test=records))
    reporter = RecordingReporter()
    build_report(context, run(context, reporter), reporter, about=dict)
    signs: list[tuple[str, int]] = []  # what was told, and how many signs of life came before it
    count = 0
    for kind in [kind for kind, _ in reporter.calls if kind != "message"] + ["end"]:
        if kind == "alive":
            count += 1
        else:
            signs.append((kind, count))
            count = 0
    (plan, before_plan), *steps, (end, before_end) = signs
    assert (plan, end) == ("plan", "end")
    assert before_plan >= 4  # the files of the model are hashed, the model is loaded
    assert steps == [("evaluation", 4), ("step", 1), ("step", 3), ("evaluation", 4), ("checkpoint", 0)]
    assert before_end > 60  # held-out figures, completions token by token


def test_moments_in_eight_bits_need_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = TrainingConfig.parse({"training": {"optimizer": "adamw_8bit"}})
    LoRATrainer().validate(settings)
    monkeypatch.setattr(quantization, "is_installed", lambda: False)
    with pytest.raises(InvalidTrainingConfig, match="bitsandbytes"):
        LoRATrainer().validate(settings)
