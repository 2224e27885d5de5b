"""What is told to a trainer process arrives as it was meant."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend.common.json_lines import decode
from backend.training.trainers.base import ActiveAdapter, ContinuousData
from backend.training.workers.protocol import TrainingOrder, plain_continuous
from tests.support.trainer_driver import probe_order


@pytest.mark.parametrize(
    "data",
    [
        None,
        ContinuousData(Path("/g.jsonl")),
        ContinuousData(Path("/g.jsonl"), Path("/r.jsonl"), ActiveAdapter("adp_1", Path("/a"), "ab" * 32, "cd" * 32)),
    ],
    ids=["files alone", "base model", "active adapter"],
)
def test_an_order_survives_its_line(tmp_path: Path, data: ContinuousData | None) -> None:
    order = replace(probe_order(tmp_path), continuous=plain_continuous(data))
    received = TrainingOrder.from_message(decode(order.to_line()))
    assert received == order
    assert received.data.continuous == data


def test_what_is_no_order_is_refused(tmp_path: Path) -> None:
    message = decode(probe_order(tmp_path).to_line())
    del message["order"]["job_id"]
    with pytest.raises(ValueError, match="must be an order"):
        TrainingOrder.from_message(message)


def test_an_order_says_how_many_processes_share_it(tmp_path: Path) -> None:
    order = probe_order(tmp_path, {"training": {"num_processes": 3}})
    assert order.num_processes == 3
    assert replace(order, config={}).num_processes == 1
