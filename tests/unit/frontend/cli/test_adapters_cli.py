"""`clara adapters` against a live server."""

import pytest

from tests.support.cli import Clara
from tests.support.contract_app import ContractState


@pytest.fixture
def state() -> ContractState:
    names = [f"adp_{number}" for number in range(1, 4)]
    return ContractState(adapters={name: {"adapter_id": name, "name": name} for name in names})


def test_adapters_are_listed_and_shown(clara: Clara, state: ContractState) -> None:
    metrics = {"eval_loss": 2.5, "held_out": {"base_perplexity": 120.0, "adapter_perplexity": 42.0}}
    state.adapters["adp_1"] = {"adapter_id": "adp_1", "name": "permits", "base_model": "starter", "metrics": metrics}
    assert "120.0 → 42.0" in clara("adapters", "list").stdout
    assert clara.json("adapters", "list")["total_count"] == 3
    assert "2.500" in clara("adapters", "show", "adp_1").stdout
    assert clara("adapters", "show", "adp_9").exit_code == 4


def test_whole_adapters_are_verified_one_by_one_or_all(clara: Clara) -> None:
    one = clara("adapters", "verify", "adp_2")
    assert (one.exit_code, "adp_2" in one.stdout, "adp_1" in one.stdout) == (0, True, False)
    assert "2.0 KB" in one.stdout
    found = clara.json("adapters", "verify", "--all")
    assert (found["checked"], found["damaged"]) == (3, 0)
    assert {check["adapter_id"] for check in found["adapters"]} == {"adp_1", "adp_2", "adp_3"}


def test_a_damaged_adapter_is_exit_code_1_and_named_with_the_reason(clara: Clara, state: ContractState) -> None:
    state.damaged["adp_2"] = "README.md was altered"
    result = clara("adapters", "verify", "adp_1", "adp_2")
    assert result.exit_code == 1
    assert "README.md was altered" in result.stdout
    assert "1 of 2 adapters are damaged" in result.stderr
    found = clara.json("adapters", "verify", "--all", exit_code=1)
    assert [check["adapter_id"] for check in found["adapters"] if not check["is_valid"]] == ["adp_2"]


@pytest.mark.parametrize("arguments", [(), ("adp_1", "--all")])
def test_verifying_nothing_in_particular_is_misuse(clara: Clara, arguments: tuple[str, ...]) -> None:
    result = clara("adapters", "verify", *arguments)
    assert result.exit_code == 2
    assert "--all" in result.stderr


def test_an_unknown_adapter_is_not_found(clara: Clara) -> None:
    assert clara("adapters", "verify", "adp_1", "adp_9").exit_code == 4


def test_an_adapter_is_promoted_and_shown_as_active(clara: Clara) -> None:
    assert "clara adapters promote" in clara("adapters", "active").stdout
    first = clara("adapters", "promote", "adp_1")
    assert (first.exit_code, first.stdout.strip()) == (0, "adp_1")
    assert "before: none" in first.stderr
    assert "before: adp_1" in clara("adapters", "promote", "adp_2").stderr
    assert "adp_2" in clara("adapters", "active").stdout
    (active,) = clara.json("adapters", "active")["promotions"]
    assert (active["adapter_id"], active["replaced"]) == ("adp_2", "adp_1")
    assert clara("adapters", "promote", "adp_9").exit_code == 4


def test_a_rejected_candidate_is_a_conflict_that_can_be_overridden(clara: Clara, state: ContractState) -> None:
    state.objections.add("adp_2")
    refused = clara("adapters", "promote", "adp_2")
    assert (refused.exit_code, "was not promoted" in refused.stderr) == (5, True)
    assert state.promotions == []
    overridden = clara("adapters", "promote", "adp_2", "--override")
    assert overridden.exit_code == 0
    assert "recorded" in overridden.stderr
