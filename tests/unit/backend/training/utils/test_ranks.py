"""What the processes of a run tell each other."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from backend.training.utils.ranks import SOLE, RankLost, Ranks, RanksDisagree
from tests.support.forked_ranks import run_ranks


def test_a_run_of_one_process_talks_to_nobody() -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.grad = torch.tensor([1.0, 2.0])
    SOLE.add_gradients([parameter])
    assert parameter.grad.tolist() == [1.0, 2.0]
    assert SOLE.sum([1.5, 2]).tolist() == [1.5, 2.0]
    assert SOLE.gathered("a") == ["a"]
    assert SOLE.shared(lambda: "a") == "a"
    assert list(SOLE.dealt([1, 2, 3])) == [1, 2, 3]
    SOLE.check_same(1, {"weight": parameter})
    with SOLE.first():
        pass


def test_every_rank_has_equally_many_rounds() -> None:
    assert [list(Ranks(rank, 3).dealt("abcd")) for rank in range(3)] == [["a", "d"], ["b", None], ["c", None]]


def test_three_ranks_add_gather_and_share(tmp_path: Path) -> None:
    def work(ranks: Ranks) -> dict[str, Any]:
        weights = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1, 2))]
        if ranks.rank != 1:  # one that got nothing to do
            weights[0].grad, weights[1].grad = torch.full((2,), 1.0 + ranks.rank), torch.tensor([[1.0, ranks.rank]])
        ranks.add_gradients(weights)
        return {
            "grads": [one.grad.tolist() for one in weights if one.grad is not None],
            "sum": ranks.sum([[1, 2**50], [ranks.rank, 0.5]]).tolist(),
            "gathered": ranks.gathered("§" * ranks.rank),
            "shared": ranks.shared(lambda: f"from {ranks.rank}"),
        }

    found = run_ranks(tmp_path / "ranks", work, count=3)
    assert found[0] == found[1] == found[2]
    assert found[0] == {
        "grads": [[4.0, 4.0], [[2.0, 2.0]]],
        "sum": [[3.0, 3.0 * 2**50], [3.0, 1.5]],
        "gathered": ["", "§", "§§"],
        "shared": "from 0",
    }


def test_the_others_come_after_the_first(tmp_path: Path) -> None:
    made = tmp_path / "made"

    def work(ranks: Ranks) -> bool:
        with ranks.first():
            was_there = made.exists()
            made.touch()
        return was_there

    assert run_ranks(tmp_path / "ranks", work) == [False, True]


def test_other_weights_are_noticed_on_all_ranks(tmp_path: Path) -> None:
    def work(ranks: Ranks) -> list[str]:
        same, other = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.full((2,), float(ranks.rank)))
        ranks.check_same(7, {"weight": same})
        try:
            ranks.check_same(7, {"weight": other})
        except RanksDisagree as error:
            return [error.code, error.message]
        return []

    found = run_ranks(tmp_path / "ranks", work)
    assert found[0] == found[1]
    assert found[0][0] == "ranks_disagree"
    assert "step 7" in found[0][1]


def test_the_end_of_another_rank_is_told_from_an_error_of_ones_own(tmp_path: Path) -> None:
    def work(ranks: Ranks) -> str:
        if not ranks.is_first:
            return "gone"
        try:
            for _ in range(1000):
                ranks.sum(np.zeros(1))
        except RankLost:
            return "lost"
        return "alone"

    assert run_ranks(tmp_path / "ranks", work) == ["lost", "gone"]


def test_who_has_nothing_to_say_leaves_no_other_behind_while_they_meet(tmp_path: Path) -> None:
    with _every_core_busy():
        for run in range(40):
            assert run_ranks(tmp_path / str(run), lambda _: "gone") == ["gone", "gone"]


@contextmanager
def _every_core_busy(processes: int = 10) -> Iterator[None]:
    """Have others want the cores, so that ranks start and connect at different times."""
    fork = multiprocessing.get_context("fork")
    spinning = [fork.Process(target=_spin, daemon=True) for _ in range(processes)]
    for process in spinning:
        process.start()
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.join()


def _spin() -> None:
    while True:
        pass
