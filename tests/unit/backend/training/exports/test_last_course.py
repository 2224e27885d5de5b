"""Which of the logged figures count, when a run went on from a checkpoint."""

from contextlib import closing

import pytest

from backend.training.exports.last_course import LastCourse
from backend.training.exports.protocol import Figure


def step(number: int, at: int, kind: str = "step") -> Figure:
    return at, kind, number, {"loss": float(at)}


def course(*figures: Figure) -> list[tuple[int, str, int]]:
    with closing(LastCourse()) as it:
        for figure in figures:
            it.add([figure])
        return [(at, kind, number) for at, kind, number, _ in it.figures()]


def test_an_undisturbed_run_is_told_as_it_was() -> None:
    figures = [step(1, 10), step(2, 20), step(2, 21, "evaluation"), step(3, 30)]
    assert course(*figures) == [figure[:3] for figure in figures]


def test_steps_that_were_trained_again_replace_the_lost_ones() -> None:
    lost = [step(3, 30), step(4, 40), step(4, 41, "evaluation")]
    kept = [step(1, 10), step(2, 20), step(3, 35), step(4, 45), step(4, 46, "evaluation"), step(5, 50)]
    assert course(*kept[:2], *lost, *kept[2:]) == [figure[:3] for figure in kept]


def test_a_run_that_crashed_again_and_again_is_told_once() -> None:
    figures = [step(number, 100 * attempt + number) for attempt in range(5) for number in range(1, 4 + attempt)]
    assert [(at, number) for at, _, number in course(*figures)] == [(400 + number, number) for number in range(1, 8)]


def test_an_evaluation_whose_steps_were_lost_stays_until_it_is_made_again() -> None:
    figures = [step(5, 50), step(5, 51, "evaluation"), step(3, 60), step(4, 70)]
    assert course(*figures) == [(51, "evaluation", 5), (60, "step", 3), (70, "step", 4)]


@pytest.mark.parametrize("count", [0, 1])
def test_little_is_no_special_case(count: int) -> None:
    assert len(course(*[step(1, 1)] * count)) == count
