"""`--set section.key=value` over a config."""

from typing import Any

import pytest

from frontend.cli.overrides import BadOverride, parse_override, with_override


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("lora.r=16", ("lora.r", 16)),
        ("training.learning_rate=2e-4", ("training.learning_rate", 0.0002)),
        ("model.base_model=hub/name=x", ("model.base_model", "hub/name=x")),
        ("lora.use_rslora=true", ("lora.use_rslora", True)),
        ("data.train_file=[", ("data.train_file", "[")),
        ("training.max_steps=", ("training.max_steps", None)),
    ],
)
def test_values_are_what_they_look_like(assignment: str, expected: tuple[str, Any]) -> None:
    assert parse_override(assignment) == expected


def test_missing_sections_are_made_and_the_given_config_stays_as_it_is() -> None:
    config = {"lora": {"r": 8}}
    assert with_override(config, "lora.alpha", 3) == {"lora": {"r": 8, "alpha": 3}}
    assert with_override(config, "a.b.c", 1) == {"lora": {"r": 8}, "a": {"b": {"c": 1}}}
    assert config == {"lora": {"r": 8}}


def test_a_value_cannot_become_a_section() -> None:
    with pytest.raises(BadOverride, match="'lora' is a value"):
        with_override({"lora": 3}, "lora.r", 1)
