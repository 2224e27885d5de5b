"""A new trainer is one new file: it is found, chosen by its type, and refused while it is not there."""

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


def test_lora_is_installed_and_importing_it_loads_no_torch() -> None:
    assert "lora" in installed_trainers()
    assert trainer_for("lora").trainer_type == "lora"


def test_an_unknown_type_is_refused_with_the_installed_ones() -> None:
    with pytest.raises(UnknownTrainer, match="installed: lora"):
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
