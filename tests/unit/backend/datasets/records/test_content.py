"""Canonical lines and the hash that is equal for every export."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.datasets.records.content import INSTALLATION_COLUMNS, ContentHash, json_line


def _hash(*records: dict[str, Any]) -> str:
    content = ContentHash()
    for record in records:
        content.add(record)
    return content.hex


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert _hash({"a": 1, "b": "x"}) == _hash({"b": "x", "a": 1})


def test_the_hash_does_not_depend_on_ids_of_one_installation() -> None:
    record = {"text": "x", "document_id": "doc_1", "document_version": 1, "section_id": "doc_1:1:0"}

    assert _hash(record) == _hash({**record, "document_id": "doc_2", "document_version": 3, "section_id": "doc_2:3:0"})


def test_the_hash_depends_on_every_text_and_on_the_order_of_records() -> None:
    assert _hash({"text": "x"}) != _hash({"text": "y"})
    assert _hash({"text": "x"}, {"text": "y"}) != _hash({"text": "y"}, {"text": "x"})


_TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
_NUMBERS = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1).map(lambda value: round(value, 6))
)
_VALUES = st.recursive(
    st.one_of(_TEXTS, _NUMBERS, st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(_TEXTS, inner)),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(_TEXTS, _VALUES), max_size=3))
@example([{"a": 1e-05, "b": 0.0001, "c": 1e16, "d": 1e15, "e": -0.0, "f": 2**70}])
@example([{"a": ":1e5", "b": "null", "é": "\u2028\x7f\x1f", "z": -1e-07}])
def test_the_hash_is_that_of_python_s_own_json_with_sorted_keys(records: list[dict[str, Any]]) -> None:
    written = [
        json.dumps(
            {name: value for name, value in record.items() if name not in INSTALLATION_COLUMNS},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        for record in records
    ]
    expected = hashlib.sha256("".join(f"{line}\n" for line in written).encode()).hexdigest()

    assert _hash(*records) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_json_does_not_have_has_no_hash(value: object) -> None:
    with pytest.raises((ValueError, UnicodeEncodeError)):
        _hash({"a": value})


@given(st.dictionaries(st.text(), st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_a_line_is_one_line_to_every_reader_and_reads_back(record: dict[str, str]) -> None:
    record = {key.encode("utf-8", "replace").decode(): value for key, value in record.items()}
    line = json_line(record)

    assert len(line.splitlines()) == 1
    assert json.loads(line) == record


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_line({"a": value})


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        json_line({"a": "\ud800"})
