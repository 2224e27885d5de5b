"""Order and shape of batches."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backend.training.utils.batching import dealt_evenly, epoch_order, length_order, make_batch
from backend.training.utils.token_store import TokenRecords, TokenWriter, open_tokens

CPU = torch.device("cpu")


@pytest.fixture
def records(tmp_path: Path) -> TokenRecords:
    with TokenWriter(tmp_path, "x") as writer:
        writer.add([11, 12, 13, 14], [1, 1, 1, 1])
        writer.add([21, 22], [0, 1])
        writer.add([31, 32, 33, 34], [0, 0, 1, 0])
    return open_tokens(tmp_path, "x")


def test_a_batch_is_padded_on_the_right_and_trains_only_masked_tokens(records: TokenRecords) -> None:
    batch = make_batch(records, [0, 1, 2], pad_id=0, device=CPU)
    assert batch.input_ids.tolist() == [[11, 12, 13, 14], [21, 22, 0, 0], [31, 32, 33, 34]]
    assert batch.targets.tolist() == [12, 13, 14, 22, 33]
    assert batch.positions.tolist() == [0, 1, 2, 4, 9]
    assert (batch.trained_tokens, batch.tokens) == (5, 10)


@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=300),
    batch_size=st.integers(1, 7),
    seed=st.integers(0, 1000),
)
def test_an_epoch_visits_every_record_once(lengths: list[int], batch_size: int, seed: int) -> None:
    order = epoch_order(lengths, batch_size=batch_size, seed=seed, epoch=0)
    assert sorted(index for batch in order for index in batch) == list(range(len(lengths)))
    assert all(len(batch) <= batch_size for batch in order)
    assert order == epoch_order(lengths, batch_size=batch_size, seed=seed, epoch=0)


def test_epochs_and_seeds_differ_in_order() -> None:
    lengths = list(range(1, 101))
    orders = [epoch_order(lengths, batch_size=4, seed=seed, epoch=epoch) for seed, epoch in ((1, 0), (1, 1), (2, 0))]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_records_of_a_batch_are_alike_in_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 500, 512)

    def padding(order: list[list[int]]) -> int:
        return sum(int(max(lengths[batch]) * len(batch) - sum(lengths[batch])) for batch in order)

    grouped = epoch_order(lengths, batch_size=8, seed=0, epoch=0)
    shuffled = [list(range(at, at + 8)) for at in range(0, 512, 8)]
    assert padding(grouped) < padding(shuffled) / 5


def test_evaluation_goes_from_long_to_short(records: TokenRecords) -> None:
    assert length_order(records.lengths, batch_size=2) == [[0, 2], [1]]


def test_the_batches_of_a_step_are_dealt_by_their_size() -> None:
    lengths = [100, 10, 40, 60, 10, 10]
    batches = [[0], [1], [2], [3], [4, 5]]
    assert dealt_evenly(batches, lengths, shares=2) == [[[0], [4, 5]], [[1], [2], [3]]]
    assert dealt_evenly(batches, lengths, shares=1) == [batches]


def test_with_more_shares_than_batches_some_get_nothing() -> None:
    assert dealt_evenly([[0]], [5], shares=3) == [[[0]], [], []]
