"""What an order says about its records: their shape, their length, and who writes their words."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from backend.common.exact import NO_TEXT, Number, Whole
from shared.models.dataset import RecordFormat

Name = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class SyntheticOrder(BaseModel):
    """Questions and answers that a model writes and that are checked against their source."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    share: Number = Field(
        0.2, ge=0, le=0.5, description="At most this share of the records of train is synthetic; 0: none."
    )


class RecordOrder(BaseModel):
    """The part of an order for a dataset that shapes its records."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    record_format: RecordFormat = Field(
        RecordFormat.TEXT,
        description="text: running text; instruction (Alpaca), messages (chat) and prompt_completion: questions and "
        "answers by templates; preference: answers that people corrected, with their corrections.",
    )
    max_characters: Whole = Field(
        4_000,
        ge=200,
        le=1_000_000,
        description="Longest body of a record; longer sections are cut at paragraphs. Without max_tokens only.",
    )
    tokenizer: Name | None = Field(
        None, description="Base model whose tokenizer counts tokens; empty: words and marks (unicode-words-1)."
    )
    max_tokens: Annotated[int, Field(ge=32, le=1_000_000), NO_TEXT] | None = Field(
        None, description="Most tokens of the source in one record, by the tokenizer; title and question come on top."
    )
    overlap_tokens: Whole = Field(
        0, ge=0, le=500_000, description="Tokens that a part repeats of the part before; at most half of max_tokens."
    )
    templates: list[Name] = Field(
        default_factory=list,
        max_length=50,
        description="Templates, or kinds of them, that make questions and answers; empty: question.",
    )
    synthetic: SyntheticOrder | None = Field(
        None, description="Also questions and answers by the model of CLARA_SYNTHETIC_URL; empty: none."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.overlap_tokens and (self.max_tokens is None or 2 * self.overlap_tokens > self.max_tokens):
            raise ValueError("overlap_tokens needs max_tokens and is at most half of it")
        if self.templates and not self.record_format.is_asked:
            raise ValueError(f"templates make no records of format {self.record_format}")
        if self.synthetic is not None and not self.record_format.is_asked:
            raise ValueError(f"synthetic questions and answers make no records of format {self.record_format}")
        return self
