"""What is refused of an order before it becomes a job; whole configs are in `tests/broken/configs`."""

from pathlib import Path
from typing import Any

import pytest

from backend.training.trainers.registry import UnknownTrainer, trainer_for
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from tests.support.training_desk import Desk


def submitted(tmp_path: Path, config: dict[str, Any], trainer_type: str = "lora") -> str:
    return Desk(tmp_path).submit(config=config, trainer_type=trainer_type)


@pytest.mark.parametrize(
    ("trainer_type", "config", "field", "advice"),
    [
        ("lora", {"qlora": {"bits": 4}}, "qlora", "it is read by qlora"),
        ("lora", {"training": {"quantization_bits": 8}}, "qlora", "it is read by qlora"),
        ("lora", {"probe": {"steps": 3}}, "probe", "it is read by probe"),
        ("qlora", {"continuous": {"replay_share": 0.1}}, "continuous", "it is read by continuous"),
    ],
)
def test_a_section_that_the_trainer_does_not_read_is_refused(
    tmp_path: Path, trainer_type: str, config: dict[str, Any], field: str, advice: str
) -> None:
    with pytest.raises(InvalidTrainingConfig) as caught:
        submitted(tmp_path, config, trainer_type)
    reason = f"trainer_type {trainer_type} does not read this section; {advice}. Leave it out"
    assert caught.value.context["errors"] == [{"field": field, "reason": reason}]


def test_a_config_as_the_server_shows_it_can_be_submitted_again(tmp_path: Path) -> None:
    shown = TrainingConfig.parse({"lora": {"r": 8}}).model_dump(mode="json")
    assert submitted(tmp_path, shown)


def test_an_empty_section_asks_for_nothing(tmp_path: Path) -> None:
    assert submitted(tmp_path, {"qlora": {}})


def test_a_mistyped_trainer_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownTrainer, match=r"did you mean 'qlora'\?"):
        trainer_for("qlorra")
