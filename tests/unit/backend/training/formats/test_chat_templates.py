"""Templates that come with CLARA, and what they say of themselves."""

import hashlib
from pathlib import Path

import pytest

from backend.training.formats.chat_templates import (
    Declared,
    declared_by,
    installed_templates,
    marks_generation,
    template_sha256,
)


@pytest.mark.parametrize("name", installed_templates())
def test_a_template_names_its_source_and_marks_what_the_assistant_says(name: str) -> None:
    text = installed_templates()[name]
    assert "Format: " in text.split("#}")[0]
    assert "https://" in text.split("#}")[0]
    assert marks_generation(text)


def test_the_opening_comment_says_what_a_template_needs() -> None:
    text = (
        "{#- Mine.\n    control tokens: <a> <b>\n    tool tokens: [T]\n    markers: ##\n-#}\n{# control tokens: <c> #}x"
    )
    assert declared_by(text) == Declared(("<a>", "<b>"), ("[T]",), ("##",))
    assert declared_by("x {# control tokens: <c> #}") == Declared()


def test_the_opening_comment_that_the_guide_shows_is_read() -> None:
    guide = (Path(__file__).parents[5] / "docs" / "guides" / "training.md").read_text(encoding="utf-8")
    shown = guide.split("```jinja\n")[1].split("```")[0]
    assert declared_by(shown) == Declared(("<|im_start|>", "<|im_end|>"), ("<tool_call>",), ("###",))
    assert all(f"| `{name}` |" in guide for name in installed_templates())


def test_the_identity_of_a_template_is_the_hash_of_its_bytes() -> None:
    assert template_sha256("ä") == hashlib.sha256("ä".encode()).hexdigest()
    assert template_sha256({"default": "a", "tool_use": "b"}) == template_sha256({"tool_use": "b", "default": "a"})
    assert template_sha256({"default": "a"}) != template_sha256({"default": "b"})
    assert template_sha256(None) is template_sha256("") is None
