import math

import numpy as np

from backend.datasets.language.fluency.limits import FluencyLimit, limits_of, rejected
from backend.datasets.language.fluency.model import FluencySignals


def _signals(**columns: list[float]) -> FluencySignals:
    size = max(map(len, columns.values()))
    zeros = {name: np.zeros(size) for name in FluencySignals._fields}
    return FluencySignals(**{**zeros, **{name: np.array(values) for name, values in columns.items()}})  # type: ignore[arg-type]


def test_limits_lie_at_quantiles_of_unseen_texts() -> None:
    values = [number / 10_000 for number in range(10_000)]
    limits = {limit.signal: limit for limit in limits_of(_signals(damaged_words=values, order_gain=values))}
    assert limits["damaged_words"].soft == 0.99
    assert limits["damaged_words"].hard == 0.999
    assert not limits["damaged_words"].is_minimum
    assert limits["order_gain"].soft == 0.0099
    assert limits["order_gain"].hard == 0.0007
    assert limits["order_gain"].is_minimum


def test_a_corpus_of_one_kind_does_not_forbid_every_other_word() -> None:
    limits = {limit.signal: limit for limit in limits_of(_signals(order_gain=[4.0] * 500))}
    assert limits["out_of_vocabulary"].hard == 0.3
    assert limits["damaged_words"].hard == 0.03
    assert limits["order_gain"].hard == 0.5


def test_all_limits_together_reject_a_quarter_of_a_percent_at_most() -> None:
    rng = np.random.default_rng(5)
    columns = {name: rng.normal(size=20_000) for name in FluencySignals._fields}
    signals = FluencySignals(**columns)  # type: ignore[arg-type]
    assert rejected(signals, limits_of(signals)).mean() <= 0.0025


def test_a_value_at_the_limit_passes_and_one_that_is_missing_does() -> None:
    most = FluencyLimit("damaged_words", 0.1, 0.2, is_minimum=False)
    least = FluencyLimit("order_gain", 1.0, 0.5, is_minimum=True)
    assert [most.rejects(value) for value in (0.2, 0.3, math.nan)] == [False, True, False]
    assert [least.rejects(value) for value in (0.5, 0.4, math.nan)] == [False, True, False]
    signals = _signals(damaged_words=[0.2, 0.3, math.nan], order_gain=[0.5, 0.5, math.nan])
    assert rejected(signals, [most, least]).tolist() == [False, True, False]
