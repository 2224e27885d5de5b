"""What a value costs."""

from backend.datasets.quality.limits import Limit


def test_a_penalty_rises_between_the_soft_and_the_hard_limit() -> None:
    limit = Limit("words", soft=20, hard=5, reason="stub", is_minimum=True)
    values = [limit.penalty(count) for count in range(25, 0, -1)]

    assert values[:6] == [0.0] * 6
    assert values[-5:] == [1.0] * 5
    assert values == sorted(values)


def test_a_limit_without_room_between_is_a_gate() -> None:
    limit = Limit("repealed", soft=0, hard=0, reason="repealed", is_minimum=False)

    assert (limit.penalty(0), limit.penalty(1)) == (0.0, 1.0)


def test_a_limit_is_silent_for_texts_of_other_lengths() -> None:
    limit = Limit("words", soft=2, hard=1, reason="stub", is_minimum=True, min_words=20, max_words=49)

    assert [limit.applies(count) for count in (19, 20, 49, 50)] == [False, True, True, False]
