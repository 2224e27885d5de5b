"""How the report writes values."""

import math

import pytest

from backend.training.evaluation.page import wording


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567, "1\u202f234\u202f567"),
        (6154.4, "6\u202f154"),
        (2.34567, "2.346"),
        (0.0002, "0.0002"),
        (0, "0"),
        (math.nan, "not a number"),
        (math.inf, "infinite"),
        (None, "–"),
    ],
)
def test_numbers(value: float | None, shown: str) -> None:
    assert wording.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(13.0, "13.00"), (0.5, "0.5000"), (4321.0, "4\u202f321"), (math.nan, "not a number"), (None, "–")],
)
def test_measurements_keep_their_digits(value: float | None, shown: str) -> None:
    assert wording.measured(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(3.661, "3.66\u202fs"), (75, "1\u202fmin 15\u202fs"), (3725, "1\u202fh 02\u202fmin"), (None, "–")],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert wording.duration(seconds) == shown


@pytest.mark.parametrize(("mib", "shown"), [(431.2, "431\u202fMiB"), (1536, "1.5\u202fGiB"), (0, "0\u202fMiB")])
def test_amounts_of_memory(mib: float, shown: str) -> None:
    assert wording.memory(mib) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("2026-11-21T10:33:00.000000+02:00", "2026-11-21 08:33 UTC"), ("yesterday", "yesterday"), (None, "–")],
)
def test_moments_are_in_utc(text: str | None, shown: str) -> None:
    assert wording.moment(text) == shown


@pytest.mark.parametrize(("ratio", "shown"), [(0.4, "−60\u202f%"), (1.25, "+25\u202f%"), (None, "–")])
def test_changes_have_a_sign(ratio: float | None, shown: str) -> None:
    assert wording.change(ratio) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "yes"), (["q_proj", "v_proj"], "q_proj, v_proj"), (2e-4, "0.0002"), ("", "–"), (None, "–"), (3, "3")],
)
def test_settings(value: object, shown: str) -> None:
    assert wording.setting(value) == shown
