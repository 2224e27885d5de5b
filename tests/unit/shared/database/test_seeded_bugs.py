"""The machine on real databases runs as experiment G09; here it is held that its ten seeds are ten."""

from tests.contracts.seeded_bugs import SEEDED_BUGS


def test_there_are_ten_seeded_bugs() -> None:
    assert len(SEEDED_BUGS) == 10
