"""A build asks again while no search store answers."""

from collections.abc import Callable

import pytest

from backend.datasets.patience import PAUSES_S, patiently
from shared.database.uds3_client import SearchUnavailable


def failing(times: int) -> Callable[[], str]:
    answers = iter(range(times + 1))

    def find() -> str:
        if next(answers) < times:
            raise SearchUnavailable({"embedded": "It gave no answer within 0.5 s."})
        return "found"

    return find


@pytest.mark.parametrize("failures", range(len(PAUSES_S) + 1))
def test_a_search_is_asked_again_after_each_pause_until_a_store_answers(failures: int) -> None:
    paused: list[float] = []

    assert patiently(failing(failures), sleep=paused.append) == "found"
    assert paused == list(PAUSES_S[:failures])


def test_it_is_given_up_after_the_last_pause_with_the_reason() -> None:
    paused: list[float] = []

    with pytest.raises(SearchUnavailable, match="gave no answer within"):
        patiently(failing(9), sleep=paused.append)
    assert paused == list(PAUSES_S)
