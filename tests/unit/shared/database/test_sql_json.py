import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.database.sql_json import as_stored, dump_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=40)
@given(PLAIN)
def test_plain_values_come_back_as_they_were(value: object) -> None:
    assert as_stored(value) == value
    assert dump_json(value).isascii()


def test_figures_that_are_no_numbers_become_null_at_any_depth() -> None:
    value = {"loss": float("nan"), "history": [1.0, float("inf"), {"norm": float("-inf")}], "step": 3}

    assert as_stored(value) == {"loss": None, "history": [1.0, None, {"norm": None}], "step": 3}


def test_objects_are_refused() -> None:
    with pytest.raises(TypeError):
        dump_json({"path": object()})
