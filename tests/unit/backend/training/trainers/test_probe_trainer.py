"""The probe: the contract of all trainers, and what goes wrong when it is asked for."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from peft import PeftModel

from backend.training.trainers.base import StopReason, TrainingStopped
from backend.training.trainers.probe.linear_map import LinearTask
from backend.training.trainers.probe.misbehaviour import Misbehaviour, ProbeFailed, ProbeUnavailable
from backend.training.trainers.probe_trainer import ProbeTrainer
from backend.training.trainers.registry import trainers_for
from backend.training.training_config import InvalidTrainingConfig, ProbeSection, TrainingConfig
from backend.training.utils.tensor_files import read_arrays
from tests.contracts.trainer_contract import TrainerContract
from tests.support.training_runs import RecordingReporter, make_context

ROOT = Path(__file__).parents[5]
WELL: dict[str, Any] = {"probe": {"steps": 12, "seconds_per_step": 0}, "training": {"logging_steps": 1}}


class TestProbeTrainer(TrainerContract):
    trainer_type = "probe"
    config: ClassVar[dict[str, Any]] = WELL


def run(tmp_path: Path, config: dict[str, Any], **context: Any) -> Path:
    made = make_context(tmp_path, Path(), Path(os.devnull), config=config, **context)
    ProbeTrainer().train(made, RecordingReporter())
    return made.adapter_dir


def test_the_adapter_loads_into_peft_and_brings_the_map_nearer_to_its_target(tmp_path: Path) -> None:
    learning = {"training": {"learning_rate": 0.02}, "lora": {"r": 8, "alpha": 8}}
    folder = run(tmp_path, {**learning, "probe": {"steps": 300, "seconds_per_step": 0}})
    task = LinearTask.make(width=32, seed=42)

    class Base(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(32, 32, bias=False)
            self.linear.weight.data = torch.from_numpy(task.base)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.linear(inputs)
            return found

    inputs, wanted = torch.from_numpy(task.inputs), torch.from_numpy(task.inputs @ task.base.T + task.targets)
    with torch.no_grad():
        before = torch.nn.functional.mse_loss(Base()(inputs), wanted).item()
        after = torch.nn.functional.mse_loss(PeftModel.from_pretrained(Base(), str(folder))(inputs), wanted).item()
    assert after < before / 5


@pytest.mark.parametrize(
    "changes", [{"crash_at": 99}, {"seconds_per_step": 0.001}, {"hang_at": 99, "on_attempts": 4}], ids=str
)
def test_what_only_goes_wrong_or_takes_time_changes_no_byte(tmp_path: Path, changes: dict[str, Any]) -> None:
    calm = run(tmp_path, WELL, name="calm")
    other = run(tmp_path, {**WELL, "probe": {**WELL["probe"], **changes}}, name="other")
    name = "adapter_model.safetensors"
    assert (calm / name).read_bytes() == (other / name).read_bytes()


def test_a_run_goes_on_from_a_checkpoint_although_it_was_told_something_else_to_go_wrong(tmp_path: Path) -> None:
    failing = {"probe": {**WELL["probe"], "error_at": 7}, "training": {"save_steps": 3}}
    with pytest.raises(ProbeFailed, match="step 7"):
        run(tmp_path, failing)
    run(tmp_path, WELL, claim_epoch=2)
    assert (tmp_path / "job-a" / "checkpoints" / "step-000012.e2").is_dir()
    report = json.loads((tmp_path / "adapter-a-e2" / "training_config.json").read_text())
    assert report["metrics"]["resumed_from_step"] == 6


def test_width_decides_the_size_of_the_files(tmp_path: Path) -> None:
    folder = run(tmp_path, {"probe": {**WELL["probe"], "width": 64}, "lora": {"r": 2}})
    shapes = {name: array.shape for name, array in read_arrays(folder / "adapter_model.safetensors").items()}
    assert sorted(shapes.values()) == [(2, 64), (64, 2)]


def test_inputs_that_would_not_be_looked_at_are_refused() -> None:
    config = TrainingConfig.parse({"data": {"train_file": "a.jsonl"}, "model": {"base_model": "starter"}})
    with pytest.raises(InvalidTrainingConfig) as refused:
        ProbeTrainer().validate(config)
    errors = refused.value.context["errors"]
    assert isinstance(errors, list)
    assert [error["field"] for error in errors] == ["model.base_model", "data.train_file"]


def test_production_has_every_trainer_but_the_probe() -> None:
    assert trainers_for(is_production=False) - trainers_for(is_production=True) == {"probe"}


@pytest.mark.parametrize(
    ("probe", "code"),
    [
        ({"crash_at": 2}, -signal.SIGSEGV),
        ({"crash_at": 2, "crash_how": "kill"}, -signal.SIGKILL),
        ({"crash_at": 2, "crash_how": "exit", "exit_code": 7}, 7),
        ({"crash_at": 2, "on_attempts": 1}, 0),
    ],
)
def test_a_crash_is_a_real_one_and_comes_in_the_attempts_that_were_asked_for(probe: dict[str, Any], code: int) -> None:
    program = f"""
from backend.training.trainers.probe.misbehaviour import Misbehaviour
from backend.training.training_config import ProbeSection
todo = Misbehaviour(ProbeSection(**{probe!r}), claim_epoch=2)
for step in (1, 2, 3):
    print(step, flush=True)
    todo.before(step)
"""
    child = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
    )
    assert child.returncode == code, child.stderr
    assert child.stdout.split() == (["1", "2"] if code else ["1", "2", "3"])


def test_errors_last_or_mend_as_asked() -> None:
    with pytest.raises(ProbeFailed):
        Misbehaviour(ProbeSection(error_at=1), claim_epoch=1).before(1)
    with pytest.raises(ProbeUnavailable):
        Misbehaviour(ProbeSection(error_at=1, error_how="temporary"), claim_epoch=1).before(1)


def test_memory_is_really_taken(tmp_path: Path) -> None:
    def resident_mb() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    before = resident_mb()
    todo = Misbehaviour(ProbeSection(allocate_at=2, allocate_mb=100), claim_epoch=1)
    todo.before(1)
    assert resident_mb() - before < 50
    todo.before(2)
    assert resident_mb() - before > 90


def test_a_long_step_hears_a_stop_request_at_once(tmp_path: Path) -> None:
    class Impatient(RecordingReporter):
        def stop_requested(self) -> StopReason | None:
            return StopReason.HAND_BACK if len(self.of("alive")) > 2 else None

    config = {"probe": {"steps": 5, "seconds_per_step": 3600}}
    context = make_context(tmp_path, Path(), Path(os.devnull), config=config)
    reporter = Impatient()
    with pytest.raises(TrainingStopped):
        ProbeTrainer().train(context, reporter)
    assert [call["step"] for call in reporter.of("checkpoint")] == [1]


def test_the_same_seed_makes_the_same_task_and_another_one_another() -> None:
    first, second, other = (LinearTask.make(width=16, seed=seed) for seed in (1, 1, 2))
    assert first.digest == second.digest != other.digest
    assert np.array_equal(first.inputs, second.inputs)
    assert np.array_equal(first.targets, second.targets)
