"""`clara datasets publish` and what can be chosen about an export."""

import pytest

from tests.support.cli import Clara
from tests.support.contract_app import ContractState, dataset


@pytest.fixture(autouse=True)
def _a_dataset(state: ContractState) -> None:
    state.datasets["ds_1"] = dataset("ds_1")


def test_a_copy_is_told_with_its_place(clara: Clara, state: ContractState) -> None:
    done = clara.json("datasets", "publish", "ds_1", "--to", "s3://clara/permits")
    told = clara("datasets", "publish", "ds_1", "--to", "s3://clara/permits", "--format", "jsonl").stdout

    assert done["destination_url"] == "s3://clara/permits/ds_1/huggingface"
    assert "s3://clara/permits/ds_1/jsonl" in told.replace("\n", "")
    assert "4 files, 2.0 KB" in told.replace("\n", " ")
    assert [order["format"] for order in state.submitted] == ["huggingface", "jsonl"]


def test_a_place_that_is_not_open_is_bad_input(clara: Clara) -> None:
    result = clara("datasets", "publish", "ds_1", "--to", "s3://other/x")

    assert (result.exit_code, "allowed are s3://clara" in result.stderr.replace("\n", " ")) == (2, True)
