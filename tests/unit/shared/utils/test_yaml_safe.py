"""YAML as people write it, and what is refused of it."""

import pytest
import yaml

from shared.utils.yaml_safe import load_yaml, yaml_reason


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 2e-4),
        ("1E3", 1e3),
        ("1_000", 1000),
        ("yes", True),
        ("'2e-4'", "2e-4"),
        ("", None),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_values_are_what_they_look_like(text: str, value: object) -> None:
    assert load_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: 'a' stands twice"),
        ("a: {b: 1, b: 2}", "line 1, column 11: 'b' stands twice"),
        ("a: &x [1]\nb: *x", "line 2, column 4: aliases are not allowed"),
        ("a:\n\tb: 1", "line 2, column 1: found character '\\t' that cannot start any token; indent with blanks"),
        ("a: [1", "line 1, column 6: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n---\nb: 2", "line 2, column 1: but found another document"),
        ("? [a]\n: b", "line 1, column 3: found unhashable key"),
        ("a: 2024-13-45", "a value is none of its kind: month must be in 1..12"),
        ("a: !!int x", "a value is none of its kind: invalid literal for int() with base 10: 'x'"),
        ("[" * 5000, "it is nested too deeply"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(yaml.YAMLError) as caught:
        load_yaml(text, names_once=True)
    assert yaml_reason(caught.value) == reason


def test_names_may_stand_twice_where_nobody_minds() -> None:
    assert load_yaml("a: 1\na: 2") == {"a": 2}


def test_no_object_is_built() -> None:
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        load_yaml("!!python/object/apply:os.system [id]")
