"""What enters and leaves the routes of templates."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.models.dataset import RecordFormat

_Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class TemplateTrial(BaseModel):
    """A wish to see what templates make of a section or a document; nothing is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    section_id: _Name | None = Field(None, description="A section; either this or document_id.")
    document_id: _Name | None = Field(None, description="All sections of a document in its newest version.")
    templates: list[_Name] = Field(
        default_factory=list, max_length=50, description="Templates, or kinds of them; empty: all there are."
    )
    record_format: RecordFormat = Field(
        RecordFormat.MESSAGES, description="instruction, messages, prompt_completion, or text, which needs none."
    )
    max_tokens: int | None = Field(None, ge=32, le=1_000_000, description="As in an order; by words and marks.")
    overlap_tokens: int = Field(0, ge=0, le=500_000, description="As in an order.")
    limit: int = Field(20, ge=1, le=200, description="Most records that are shown.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.section_id is None) == (self.document_id is None):
            raise ValueError("give either section_id or document_id")
        if self.record_format is RecordFormat.PREFERENCE:
            raise ValueError("preferences come from corrected answers, not from templates")
        if self.overlap_tokens and (self.max_tokens is None or 2 * self.overlap_tokens > self.max_tokens):
            raise ValueError("overlap_tokens needs max_tokens and is at most half of it")
        return self


class TemplateView(BaseModel):
    """A template with everything that its file says."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    name: str
    version: int
    kind: str
    language: str
    description: str
    is_built_in: bool
    sha256: str = Field(description="Of the file; recorded in the statistics of every dataset that it made records of.")
    shapes: Sequence[str]
    conditions: Mapping[str, Any] = Field(description="What a passage must be like; others are not asked about.")
    slots: Sequence[str]
    questions: Sequence[str]
    context: str
    answer: str


class TemplateList(BaseModel):
    """Templates by name."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    templates: Sequence[TemplateView]
    total_count: int
    next_after: str | None


class TriedTemplates(BaseModel):
    """Records as a dataset would have them."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    records: Sequence[Mapping[str, Any]]
    total_count: int = Field(description="Records that are shown.")
    is_complete: bool = Field(description="Whether there are no more than are shown.")
    not_applied: Sequence[str] = Field(description="Templates that made no record of what was looked at.")
