"""Stop requests among the ranks of a run."""

from pathlib import Path

import pytest

from backend.training.trainers.base import StopReason
from backend.training.trainers.run.stopping import agreed_stop
from backend.training.utils.ranks import SOLE, Ranks
from tests.support.forked_ranks import run_ranks
from tests.support.training_runs import RecordingReporter


@pytest.mark.parametrize("reason", [None, *StopReason])
def test_one_process_follows_what_it_hears(reason: StopReason | None) -> None:
    assert agreed_stop(RecordingReporter(stop=reason), SOLE) is reason


def test_all_ranks_follow_what_the_first_one_hears(tmp_path: Path) -> None:
    def work(ranks: Ranks) -> list[str | None]:
        heard = [RecordingReporter(stop=reason if ranks.is_first else None) for reason in (None, *StopReason)]
        return [agreed_stop(reporter, ranks) for reporter in heard]

    assert run_ranks(tmp_path / "ranks", work) == [[None, "cancel", "hand_back", "pause"]] * 2
