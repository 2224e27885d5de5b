"""Chat templates that come with CLARA, and what a template says of itself in its opening comment.

A new one is one new file `templates/<name>.jinja`. Lines of its opening comment tell what it asks of a tokenizer:

    control tokens: each must be one token of the vocabulary
    tool tokens:    the same, but only for chats with tools
    markers:        plain text that parts the turns, and that no message may therefore contain

A template is stored in the adapter as it is, so these lines are at hand wherever the adapter goes.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).with_name("templates")
_COMMENT = re.compile(r"\A\s*\{#-?(.*?)-?#\}", re.DOTALL)
_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True, slots=True)
class Declared:
    """What a template asks of a tokenizer and of the texts."""

    control_tokens: tuple[str, ...] = ()
    tool_tokens: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()


def installed_templates() -> Mapping[str, str]:
    """Name -> text of every template that comes with CLARA."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.jinja"))}


def declared_by(template: str) -> Declared:
    """The lines of its opening comment; a template of elsewhere has none."""
    comment = _COMMENT.match(template)
    text = comment.group(1) if comment else ""
    return Declared(_words(text, "control tokens"), _words(text, "tool tokens"), _words(text, "markers"))


def marks_generation(template: str) -> bool:
    """Whether it has a block for what the assistant says."""
    return bool(_GENERATION.search(template))


def template_sha256(template: str | Mapping[str, str] | None) -> str | None:
    """Identity of a template (or of several by name), hex; None if there is none."""
    if not template:
        return None
    text = template if isinstance(template, str) else "\0".join(f"{k}\0{v}" for k, v in sorted(template.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def _words(comment: str, name: str) -> tuple[str, ...]:
    lines = re.findall(rf"^\s*{name}:(.*)$", comment, re.MULTILINE)
    return tuple(word for line in lines for word in line.split())
