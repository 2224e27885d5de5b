"""What exact copies have in common."""

import pytest

from backend.datasets.duplicates.bodies import body_digest


def test_white_space_does_not_count() -> None:
    assert body_digest("die gebühr\n\n beträgt  3 euro.") == body_digest(" die gebühr beträgt 3\teuro.\n")


@pytest.mark.parametrize("other", ["§ 8 schon", "§ 3 schön", "§ 3 schon.", "3 schon", "§ 3schon"])
def test_digits_umlauts_and_signs_count(other: str) -> None:
    assert body_digest("§ 3 schon") != body_digest(other)


def test_a_half_surrogate_is_a_character_like_others() -> None:
    assert body_digest("\ud800") != body_digest("\ud801")
