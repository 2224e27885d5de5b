"""A new trainer is one new file: it is found, chosen by its type, and refused while it is not there."""

import subprocess
import sys
from pathlib import Path

import pytest

from backend.training import trainers
from backend.training.trainers.registry import UnknownTrainer, installed_trainers, trainer_for

NEW_TRAINER = '''
"""A trainer that a test brings along."""

from backend.training.trainers.base import BaseTrainer, Reporter, TrainingContext, TrainingOutcome


class EchoTrainer(BaseTrainer):
    """Trains nothing."""

    trainer_type = "echo"

    def train(self, context: TrainingContext, reporter: Reporter) -> TrainingOutcome:
        """Does nothing."""
        return TrainingOutcome(steps=0, epochs=0)
'''


def test_finding_trainers_loads_nothing_heavy() -> None:
    script = (
        "import sys; from backend.training.trainers.registry import trainer_for; trainer_for('lora'); "
        "print(sorted({'torch', 'numpy', 'transformers', 'peft', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_type_finds_its_trainer() -> None:
    assert {"continuous", "lora", "probe", "qlora"} <= set(installed_trainers())
    assert trainer_for("lora").trainer_type == "lora"


def test_an_unknown_type_is_refused_with_the_installed_ones() -> None:
    with pytest.raises(UnknownTrainer, match="installed: continuous, lora"):
        trainer_for("quantum")


def test_one_new_file_installs_a_trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "echo_trainer.py").write_text(NEW_TRAINER, encoding="utf-8")
    monkeypatch.setattr(trainers, "__path__", [*trainers.__path__, str(tmp_path)])
    try:
        assert trainer_for("echo").trainer_type == "echo"
    finally:
        sys.modules.pop("backend.training.trainers.echo_trainer", None)
    monkeypatch.undo()
    with pytest.raises(UnknownTrainer):
        trainer_for("echo")
