"""What a value costs."""

import numpy as np

from backend.datasets.quality.limits import Limit


def test_a_penalty_rises_between_the_soft_and_the_hard_limit() -> None:
    limit = Limit("words", soft=20, hard=5, reason="stub", is_minimum=True)
    values = limit.penalties(np.arange(25.0, 0, -1)).tolist()

    assert values[:6] == [0.0] * 6
    assert values[-5:] == [1.0] * 5
    assert values == sorted(values)


def test_a_limit_without_room_between_is_a_gate() -> None:
    limit = Limit("repealed", soft=0, hard=0, reason="repealed", is_minimum=False)

    assert limit.penalties(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_a_limit_is_silent_for_texts_of_other_lengths() -> None:
    limit = Limit("words", soft=2, hard=1, reason="stub", is_minimum=True, min_words=20, max_words=49)

    assert limit.applies(np.array([19, 20, 49, 50])).tolist() == [False, True, True, False]


def test_a_signal_without_a_value_costs_nothing_and_rejects_nothing() -> None:
    limit = Limit("words", soft=20, hard=5, reason="stub", is_minimum=True)
    unknown = np.array([np.nan])

    assert np.isnan(limit.penalties(unknown)).all()
    assert not limit.rejects(unknown).any()


def test_a_limit_that_spares_tables_costs_them_and_does_not_reject_them() -> None:
    limit = Limit("digit_share", soft=0.1, hard=0.3, reason="many_digits", is_minimum=False, spares_tables=True)
    signals = {"digit_share": np.array([0.4, 0.4, 0.2]), "table_share": np.array([0.0, 0.9, 0.9])}

    assert limit.rejected(signals).tolist() == [True, False, False]
    assert limit.rejected({"digit_share": signals["digit_share"]}).tolist() == [True, True, False]
    assert limit.penalties(signals["digit_share"])[1] == 1
