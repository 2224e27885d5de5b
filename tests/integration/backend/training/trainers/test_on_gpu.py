"""The LoRA trainer on an NVIDIA GPU: bfloat16 by default, useful figures after loading, resume from a checkpoint."""

from pathlib import Path

import pytest

from backend.training.evaluation.perplexity import EvaluationTask, evaluate_perplexity
from backend.training.starter.create import create_starter
from backend.training.starter.options import StarterOptions
from backend.training.trainers.registry import trainer_for
from tests.support.tiny_model import sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")]

TRAINING = {
    "batch_size": 8,
    "gradient_accumulation_steps": 1,
    "learning_rate": 2e-3,
    "num_epochs": 100,
    "max_steps": 100,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpu")
    texts = [" ".join(sentences(30, seed=seed)) for seed in range(300)]
    create_starter(lambda: iter(texts[:200]), folder / "starter", StarterOptions(steps=60, threads=4), lambda _: None)
    write_jsonl(folder / "train.jsonl", ({"text": text[:700]} for text in texts[200:280]))
    write_jsonl(folder / "test.jsonl", ({"text": text[:700]} for text in texts[280:]))
    return folder


@pytest.mark.parametrize("gradient_checkpointing", [False, True])
def test_an_adapter_trained_in_bfloat16_beats_its_base_and_loads_again(
    root: Path, gradient_checkpointing: bool
) -> None:
    config = {"data": {"max_length": 128}, "training": {**TRAINING, "gradient_checkpointing": gradient_checkpointing}}
    name = f"run-{gradient_checkpointing}"
    run = make_context(root, root / "starter", root / "train.jsonl", config=config, name=name)
    trainer_for("lora").train(run, RecordingReporter())
    task = EvaluationTask(run.base_model, run.adapter_dir, root / "test.jsonl", run.scratch_dir)
    assert evaluate_perplexity(task).ratio < 0.95


def test_a_run_on_the_gpu_resumes_from_its_checkpoint(root: Path) -> None:
    config = {"data": {"max_length": 128}, "training": TRAINING}
    first = make_context(root, root / "starter", root / "train.jsonl", config=config, name="resumed")
    trainer_for("lora").train(first, RecordingReporter())
    again = make_context(root, root / "starter", root / "train.jsonl", config=config, name="resumed", claim_epoch=2)
    reporter = RecordingReporter()
    trainer_for("lora").train(again, reporter)
    assert reporter.of("plan")[0]["start_step"] == TRAINING["max_steps"]


def test_steps_tell_memory_and_utilisation_of_the_gpu(root: Path) -> None:
    config = {"data": {"max_length": 128}, "training": {**TRAINING, "max_steps": 5}}
    run = make_context(root, root / "starter", root / "train.jsonl", config=config, name="figures")
    reporter = RecordingReporter()
    trainer_for("lora").train(run, reporter)
    last = reporter.of("step")[-1]
    assert 0 < last["gpu_memory_mb"] <= last["gpu_memory_used_mb"]
    assert 0 <= last["gpu_utilization_percent"] <= 100
