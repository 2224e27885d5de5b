"""`clara train` against a live server."""

import json
from pathlib import Path

import pytest

from tests.support.cli import Clara
from tests.support.contract_app import ContractState, run_of


def test_without_arguments_the_server_chooses(clara: Clara, state: ContractState) -> None:
    result = clara("train")
    assert (result.exit_code, result.stdout.strip()) == (0, "job_1")
    assert "clara jobs watch job_1" in result.stderr
    assert state.submitted[0]["config"] == {}
    assert "dataset_id" not in state.submitted[0]


def test_options_and_overrides_lie_on_top_of_the_file(clara: Clara, state: ContractState, tmp_path: Path) -> None:
    config = tmp_path / "lora.yaml"
    config.write_text("model: {base_model: other}\nlora: {r: 8, alpha: 16}\ntraining: {learning_rate: 2e-4}\n")
    result = clara(
        *("train", "--config", str(config), "--base-model", "starter", "--dataset", "ds_1"),
        *("--set", "lora.r=16", "--set", "lora.target_modules=[q_proj, v_proj]", "--set", "training.max_steps=null"),
        *("--priority", "5", "--tag", "a", "--tag", "b", "--trainer", "qlora", "--name", "mine"),
    )
    assert result.exit_code == 0, result.output
    assert state.submitted == [
        {
            "trainer_type": "qlora",
            "priority": 5,
            "tags": ["a", "b"],
            "config": {
                "model": {"base_model": "starter"},
                "lora": {"r": 16, "alpha": 16, "target_modules": ["q_proj", "v_proj"]},
                "training": {"learning_rate": 0.0002, "max_steps": None},
            },
            "job_name": "mine",
            "dataset_id": "ds_1",
        }
    ]


def test_watch_follows_to_the_end(clara: Clara) -> None:
    result = clara("train", "--watch")
    assert result.exit_code == 0
    assert "completed 100.0 %" in result.stderr
    assert "clara jobs report job_1" in result.stderr


def test_a_watched_failure_is_exit_code_1_with_the_reason(clara: Clara, state: ContractState) -> None:
    state.updates["job_1"] = run_of("job_1", 2, status="failed")
    result = clara("train", "--watch")
    assert result.exit_code == 1
    assert "Job job_1 failed" in result.stderr


def test_a_refused_config_shows_field_and_reason(clara: Clara) -> None:
    result = clara("train", "--set", "lora.rank=3")
    assert result.exit_code == 2
    assert "lora.rank: unknown key; did you mean 'r'?" in result.stderr


@pytest.mark.parametrize("assignment", ["r=16", "lora.r", "=3", "lora.=3"])
def test_a_set_that_names_no_place_is_bad_input(clara: Clara, assignment: str) -> None:
    result = clara("train", "--set", assignment)
    assert result.exit_code == 2
    assert "lora.r=16" in result.stderr


def test_a_config_that_is_no_mapping_is_bad_input(clara: Clara, tmp_path: Path) -> None:
    config = tmp_path / "list.yaml"
    config.write_text("- 1\n- 2\n")
    result = clara("train", "--config", str(config))
    assert result.exit_code == 2
    assert "list.yaml" in result.stderr


@pytest.mark.parametrize(("trainer", "section"), [("probe", "probe.steps"), ("lora", "training.max_steps")])
def test_steps_mean_what_the_trainer_calls_them(clara: Clara, state: ContractState, trainer: str, section: str) -> None:
    assert clara("train", "--trainer", trainer, "--steps", "7").exit_code == 0
    outer, inner = section.split(".")
    assert state.submitted[0]["config"] == {outer: {inner: 7}}


def test_the_same_key_is_the_same_job(clara: Clara) -> None:
    first, again = (clara("train", "--idempotency-key", "nightly 1").stdout.strip() for _ in range(2))
    assert first == again == "job_1"
    assert clara("train").stdout.strip() != clara("train").stdout.strip()


def test_a_full_queue_is_unavailable_and_the_message_says_what_to_do(clara: Clara, state: ContractState) -> None:
    state.busy = 2
    result = clara("train")
    assert result.exit_code == 6
    assert "--wait-for-room" in result.stderr
    refused = clara("train", "--json")
    assert json.loads(refused.stderr)["error"]["retry_after_s"] == 1.0
    assert state.submitted == []


def test_who_waits_for_room_gets_in(clara: Clara, state: ContractState) -> None:
    state.busy = 1
    assert clara("train", "--wait-for-room", "30").stdout.strip() == "job_1"
