"""Cursors name places in lists, whether or not a row still stands there."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.cursors import Place, cursor_of, place_of

_MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given below


def _nothing(asked: str) -> datetime:
    raise LookupError(asked)


@given(_MOMENTS, st.text(min_size=1, max_size=50))
def test_a_place_is_read_back_to_the_microsecond_whatever_its_key(moment: datetime, key: str) -> None:
    place = Place(moment, key)

    assert place_of(cursor_of(place), _nothing) == place


def test_the_zone_of_a_moment_does_not_matter() -> None:
    local = _MOMENT.astimezone(timezone(timedelta(hours=9)))

    assert cursor_of(Place(local, "a")) == cursor_of(Place(_MOMENT, "a"))


def test_an_id_is_looked_up() -> None:
    assert place_of("ds_1", lambda asked: _MOMENT) == Place(_MOMENT, "ds_1")


@pytest.mark.parametrize("cursor", ["", "ds_1", "ds_1@", "ds_1@x", "ds_1@-5", "ds_1@²", f"ds_1@{'9' * 18}"])
def test_what_is_no_cursor_is_looked_up_and_not_found(cursor: str) -> None:
    with pytest.raises(LookupError):
        place_of(cursor, _nothing)
