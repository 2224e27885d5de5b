"""`clara train` and `clara adapters` against a live server."""

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


def test_adapters_are_listed_and_shown(clara: Clara, state: ContractState) -> None:
    metrics = {"eval_loss": 2.5, "held_out": {"base_perplexity": 120.0, "adapter_perplexity": 42.0}}
    state.adapters["adp_1"] = {"adapter_id": "adp_1", "name": "permits", "base_model": "starter", "metrics": metrics}
    assert "120.0 → 42.0" in clara("adapters", "list").stdout
    assert clara.json("adapters", "list")["total_count"] == 1
    assert "2.500" in clara("adapters", "show", "adp_1").stdout
    assert clara("adapters", "show", "adp_2").exit_code == 4
