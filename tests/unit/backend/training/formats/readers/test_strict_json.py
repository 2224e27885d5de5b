"""JSON that is only JSON for the lenient."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.training.formats.readers.strict_json import NotStrictJson, StrictJson

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_json_writes_is_read(value: object) -> None:
    assert StrictJson().decode(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 2}', "names a twice in one object"),
        ('{"a": [{"b": 1, "b": 1}]}', "names b twice in one object"),
        ('{"a": NaN}', "holds NaN, which is not JSON"),
        ('{"a": -Infinity}', "holds -Infinity, which is not JSON"),
        ('{"a": 1e999}', "holds a number beyond the range of floating point"),
        ('{"a": ' + "9" * 5000 + "}", "holds a number with too many digits"),
        ('{"a": ' + "[" * 65 + "]" * 65 + "}", "is nested more than 64 levels deep"),
        ('{"a": ' * 100 + "1" + "}" * 100, "is nested more than 64 levels deep"),
        ("[" * 100_000, "is nested more than 64 levels deep"),
        ("{'a': 1}", "is not JSON: Expecting property name enclosed in double quotes at column 2"),
        ('{"a": "b', "is not JSON: Unterminated string starting at column 7"),
        ("", "is not JSON: Expecting value at column 1"),
    ],
)
def test_what_is_json_for_the_lenient_only_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotStrictJson) as caught:
        StrictJson().decode(text)
    assert str(caught.value) == reason


def test_one_bad_value_says_nothing_about_the_next() -> None:
    decoder = StrictJson()
    for _ in range(2):
        with pytest.raises(NotStrictJson):
            decoder.decode('{"a": NaN, "b"')
        assert decoder.decode('{"a": 1}') == {"a": 1}


def test_a_lenient_value_is_read_to_its_end() -> None:
    text = '[{"a": NaN}, {"a": 1}]'
    found, end = StrictJson().decode_at(text, 1)
    assert (str(found), text[end]) == ("holds NaN, which is not JSON", ",")


def test_many_siblings_are_not_depth() -> None:
    value = {"a": [[] for _ in range(1000)]}
    assert StrictJson().decode(json.dumps(value)) == value
