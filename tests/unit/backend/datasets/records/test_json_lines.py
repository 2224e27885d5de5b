"""JSON lines keep their rules, whoever writes them."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.records.content import json_bytes, json_line, json_lines
from backend.datasets.records.schema import REAL_COLUMNS, Kind, columns
from shared.models.dataset import RecordFormat

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(TEXTS, each, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=6))
def test_a_line_reads_back_as_it_was_and_is_one_line_everywhere(record: dict[str, Any]) -> None:
    line = json_line(record)

    assert json.loads(line) == record
    assert list(json.loads(line)) == list(record)
    assert len(line.splitlines()) == 1
    assert json_bytes(record) == line.encode()


@given(st.lists(st.dictionaries(TEXTS, TEXTS, max_size=3), max_size=5))
def test_many_records_are_the_lines_of_each(records: list[dict[str, str]]) -> None:
    assert json_lines(records) == b"".join(json_bytes(each) + b"\n" for each in records)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [lambda n: {"a": n}, lambda n: {"a": [1, n]}, lambda n: {"a": {"b": [{"c": n}]}}])
def test_numbers_that_are_not_finite_are_refused_wherever_they_stand(number: float, place: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_lines([{"a": "null"}, place(number)])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_they_are_refused_in_the_columns_that_can_hold_them(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_lines([{"quality_score": 1.0}, {"quality_score": number}], reals=REAL_COLUMNS)


def test_the_columns_that_can_hold_them_are_those_of_the_schema() -> None:
    for record_format in RecordFormat:
        reals = tuple(column.name for column in columns(record_format) if column.kind is Kind.REAL)
        assert reals == REAL_COLUMNS


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="surrogate"):
        json_line({"a": text})


def test_nothing_and_null_are_written_as_they_are() -> None:
    assert json_line({"a": None, "b": "", "c": [], "d": 1e-07, "e": 2**70}) == (
        '{"a":null,"b":"","c":[],"d":1e-07,"e":1180591620717411303424}'
    )
