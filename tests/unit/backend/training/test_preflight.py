"""What is refused of an order before it becomes a job; whole configs are in `tests/broken/configs`."""

from pathlib import Path
from typing import Any

import pytest

from backend.training.preflight import Preflight
from backend.training.trainers.registry import UnknownTrainer, trainer_for
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from backend.training.utils.machine import Machine
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


@pytest.mark.parametrize(
    ("machine", "training", "reason"),
    [
        (
            Machine(8, 0),
            {"num_processes": 5},
            "there are 4 (training.gradient_accumulation_steps); found 5. Give at most",
        ),
        (Machine(2, 0), {"num_processes": 3}, "each process needs a core of its own, and this machine has 2; found 3"),
        (Machine(64, 1), {"num_processes": 2}, "each process needs a GPU of its own, and this machine has 1; found 2"),
    ],
)
def test_processes_that_would_have_nothing_to_do_are_refused(
    tmp_path: Path, machine: Machine, training: dict[str, Any], reason: str
) -> None:
    preflight = Preflight(Desk(tmp_path).inputs, machine=machine)
    config = TrainingConfig.parse({"data": {"train_file": "train.jsonl"}, "training": training})
    with pytest.raises(InvalidTrainingConfig) as caught:
        preflight.accept("lora", config)
    [error] = caught.value.context["errors"]
    assert error["field"] == "training.num_processes"
    assert reason in error["reason"]


def test_a_trainer_of_one_process_is_not_given_several(tmp_path: Path) -> None:
    with pytest.raises(InvalidTrainingConfig) as caught:
        Preflight(Desk(tmp_path).inputs).accept("probe", TrainingConfig.parse({"training": {"num_processes": 2}}))
    assert "probe runs in one process; found 2" in caught.value.context["errors"][0]["reason"]


def test_as_many_processes_as_there_are_cores_or_forward_passes_are_accepted(tmp_path: Path) -> None:
    inputs = Desk(tmp_path).inputs
    for machine in (Machine(4, 0), Machine(1, 4)):
        config = TrainingConfig.parse({"data": {"train_file": "train.jsonl"}, "training": {"num_processes": 4}})
        accepted, _ = Preflight(inputs, machine=machine).accept("lora", config)
        assert accepted.training.num_processes == 4
