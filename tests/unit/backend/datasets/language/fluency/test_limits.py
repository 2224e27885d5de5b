import math
from collections.abc import Sequence

import numpy as np
import pytest

from backend.datasets.language.fluency.limits import FluencyLimit, limits_of, rejected
from backend.datasets.language.fluency.model import FluencySignals


def _signals(**columns: Sequence[float]) -> FluencySignals:
    size = max(map(len, columns.values()))
    zeros = {name: np.zeros(size) for name in FluencySignals._fields}
    return FluencySignals(**{**zeros, **{name: np.array(values) for name, values in columns.items()}})  # type: ignore[arg-type]


def test_soft_limits_lie_at_the_last_percent_of_unseen_texts() -> None:
    values = [number / 10_000 for number in range(10_000)]
    limits = {limit.signal: limit for limit in limits_of(_signals(damaged_words=values, order_gain=values))}
    assert limits["damaged_words"].soft == 0.99
    assert not limits["damaged_words"].is_minimum
    assert limits["order_gain"].soft == 0.0099
    assert limits["order_gain"].is_minimum


def test_hard_limits_reject_the_share_they_may_of_a_tail_that_falls_off() -> None:
    rng = np.random.default_rng(5)
    columns = {
        "damaged_words": rng.exponential(0.007, size=200_000),
        "order_gain": 4 - rng.exponential(0.5, size=200_000),
    }
    signals = _signals(**columns)
    for limit in limits_of(signals):
        if limit.signal in columns:
            share = rejected(signals, [limit]).mean()
            assert share == pytest.approx({"damaged_words": 0.0007, "order_gain": 0.0005}[limit.signal], rel=0.35)


def test_one_strange_text_hardly_moves_a_limit() -> None:
    usual = [0.02 * number / 5_000 for number in range(5_000)]
    before, after = (
        {limit.signal: limit.hard for limit in limits_of(_signals(damaged_words=values))}["damaged_words"]
        for values in (usual, [*usual, 0.9])
    )
    assert after < before + 0.05


def test_a_corpus_of_lists_does_not_let_anything_pass() -> None:
    rng = np.random.default_rng(5)
    names = ("damaged_words", "order_gain")
    limits = {each.signal: each for each in limits_of(_signals(**{name: rng.normal(size=5_000) for name in names}))}
    assert limits["damaged_words"].hard == 0.08
    assert limits["order_gain"].hard == -0.5


def test_a_corpus_of_one_kind_does_not_forbid_every_other_word() -> None:
    limits = {limit.signal: limit for limit in limits_of(_signals(order_gain=[4.0] * 5_000))}
    assert limits["out_of_vocabulary"].hard == 0.3
    assert limits["damaged_words"].hard == 0.03
    assert limits["order_gain"].hard == 0.5


def test_a_value_at_the_limit_passes_and_one_that_is_missing_does() -> None:
    most = FluencyLimit("damaged_words", 0.1, 0.2, is_minimum=False)
    least = FluencyLimit("order_gain", 1.0, 0.5, is_minimum=True)
    assert [most.rejects(value) for value in (0.2, 0.3, math.nan)] == [False, True, False]
    assert [least.rejects(value) for value in (0.5, 0.4, math.nan)] == [False, True, False]
    signals = _signals(damaged_words=[0.2, 0.3, math.nan], order_gain=[0.5, 0.5, math.nan])
    assert rejected(signals, [most, least]).tolist() == [False, True, False]


def test_few_texts_widen_what_they_tell_and_many_do_not() -> None:
    rng = np.random.default_rng(5)
    hard = {}
    for texts in (300, 1_000, 3_000, 6_000):
        values = rng.exponential(0.007, size=texts)
        limits = limits_of(_signals(damaged_words=values, out_of_vocabulary=values, order_gain=4 - values))
        hard[texts] = {limit.signal: limit.hard for limit in limits}

    assert hard[300]["damaged_words"] > 0.13
    assert hard[300]["out_of_vocabulary"] > 0.6
    assert hard[300]["order_gain"] < -1
    for less, more in ((300, 1_000), (1_000, 3_000), (3_000, 6_000)):
        assert hard[less]["damaged_words"] > hard[more]["damaged_words"]
        assert hard[less]["out_of_vocabulary"] > hard[more]["out_of_vocabulary"]
        assert hard[less]["order_gain"] < hard[more]["order_gain"]
    assert hard[6_000]["damaged_words"] < 0.06
    assert hard[6_000]["order_gain"] == 0.5
