"""What an attempt asks for when it is completed."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from backend.training.workers.attempt import Attempt
from shared.models.adapter import PromotionOrder
from shared.models.job import Claim
from tests.support.store_values import a_job
from tests.support.trainer_driver import probe_order


def finished(tmp_path: Path, *, promote: bool, metrics: dict[str, Any]) -> Attempt:
    order = probe_order(tmp_path, {"continuous": {"promote": promote}})
    attempt = Attempt(a_job(), Claim("j", "w", 1), order, cast(Any, None))
    attempt.final = {"metrics": metrics}
    return attempt


def compared(verdict: str, compared_with: str | None = "adp_1") -> dict[str, Any]:
    return {"comparison": {"verdict": verdict, "compared_with": compared_with}}


@pytest.mark.parametrize("over", ["adp_1", None])
def test_a_passed_comparison_asks_for_the_place_of_what_was_compared(tmp_path: Path, over: str | None) -> None:
    attempt = finished(tmp_path, promote=True, metrics=compared("promote", over))
    assert attempt.promotion() == PromotionOrder(over, by=attempt.job.created_by)


@pytest.mark.parametrize(
    ("promote", "metrics"), [(True, compared("reject")), (False, compared("promote")), (True, {"eval_loss": 1.0})]
)
def test_nothing_else_does(tmp_path: Path, promote: bool, metrics: dict[str, Any]) -> None:
    assert finished(tmp_path, promote=promote, metrics=metrics).promotion() is None


def test_a_job_of_an_earlier_version_is_no_obstacle(tmp_path: Path) -> None:
    attempt = finished(tmp_path, promote=True, metrics=compared("promote"))
    earlier = {**attempt.order.config, "continuous": {"replay_share": 0.2, "min_new_records": 50}}
    attempt.order = replace(attempt.order, config=earlier)
    assert attempt.promotion() is None
