"""What the dataset service answers about templates."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from frontend.client.models import Answer


class Template(Answer):
    """A template of questions and answers."""

    name: str
    version: int = 1
    kind: str = ""
    language: str = ""
    description: str = ""
    is_built_in: bool = True
    sha256: str = ""
    shapes: Sequence[str] = ()
    conditions: Mapping[str, Any] = Field(default_factory=dict)
    slots: Sequence[str] = ()
    questions: Sequence[str] = ()
    context: str = ""
    answer: str = ""


class TemplatePage(Answer):
    """Templates by name."""

    templates: Sequence[Template]
    total_count: int = 0
    next_after: str | None = None


class TriedTemplates(Answer):
    """Records as a dataset would have them."""

    records: Sequence[Mapping[str, Any]]
    total_count: int = 0
    is_complete: bool = True
    not_applied: Sequence[str] = ()
