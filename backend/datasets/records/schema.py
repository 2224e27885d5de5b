"""The columns of a record: one fixed order and one type each, the same in every export.

Nothing is ever null: readers infer a column's type from its first rows, so what is unknown is an empty string.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.models.dataset import RecordFormat


class Kind(StrEnum):
    """Types of columns and of the members of nested ones."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    TEXT_LIST = "text_list"
    MESSAGES = "messages"
    METADATA = "metadata"

    @property
    def is_nested(self) -> bool:
        """Whether a flat format must write it as JSON text."""
        return self in (Kind.TEXT_LIST, Kind.MESSAGES, Kind.METADATA)


@dataclass(frozen=True, slots=True)
class Column:
    """A named column of one kind."""

    name: str
    kind: Kind


MESSAGE_MEMBERS: tuple[str, ...] = ("role", "content")
METADATA_COLUMN = "metadata"

METADATA_MEMBERS: tuple[Column, ...] = (
    Column("title", Kind.TEXT),
    Column("abbreviation", Kind.TEXT),
    Column("section_number", Kind.TEXT),
    Column("heading", Kind.TEXT),
    Column("heading_path", Kind.TEXT_LIST),
    Column("path", Kind.TEXT),
    Column("valid_from", Kind.TEXT),
    Column("valid_to", Kind.TEXT),
    Column("format", Kind.TEXT),
    Column("split", Kind.TEXT),
    Column("part", Kind.INTEGER),
    Column("parts", Kind.INTEGER),
    Column("sections", Kind.INTEGER),
    Column("start", Kind.INTEGER),
    Column("end", Kind.INTEGER),
    Column("quality_profile", Kind.TEXT),
    # what the record rests on ("§ 35 VwVfG"), and why it may be used, where the source says so ("§ 5 UrhG")
    Column("legal_basis", Kind.TEXT),
    Column("licence", Kind.TEXT),
    Column("template", Kind.TEXT),
    Column("template_version", Kind.INTEGER),
    # `RecordOrigin`; the model and its prompt are those of a synthetic record
    Column("origin", Kind.TEXT),
    Column("model", Kind.TEXT),
    Column("prompt_version", Kind.TEXT),
    # of everything that a model reads, by the counter that is named
    Column("tokens", Kind.INTEGER),
    Column("tokenizer", Kind.TEXT),
)

_CONTENT: Mapping[RecordFormat, Sequence[Column]] = {
    RecordFormat.TEXT: (Column("text", Kind.TEXT),),
    RecordFormat.INSTRUCTION: (
        Column("instruction", Kind.TEXT),
        Column("input", Kind.TEXT),
        Column("output", Kind.TEXT),
    ),
    RecordFormat.MESSAGES: (Column("messages", Kind.MESSAGES),),
    RecordFormat.PROMPT_COMPLETION: (Column("prompt", Kind.TEXT), Column("completion", Kind.TEXT)),
    RecordFormat.PREFERENCE: (
        Column("prompt", Kind.TEXT),
        Column("chosen", Kind.TEXT),
        Column("rejected", Kind.TEXT),
    ),
}


REAL_COLUMNS = ("quality_score", "relevance_score")
"""The only numbers with a fraction in a record, of whatever shape."""


def columns(record_format: RecordFormat, *, include_metadata: bool = True) -> tuple[Column, ...]:
    """Columns of a record of this format, in order."""
    metadata = (Column(METADATA_COLUMN, Kind.METADATA),) if include_metadata else ()
    return (
        Column("record_id", Kind.TEXT),
        *_CONTENT[record_format],
        *metadata,
        Column("source", Kind.TEXT),
        Column("quality_score", Kind.REAL),
        Column("relevance_score", Kind.REAL),
        Column("document_id", Kind.TEXT),
        Column("document_version", Kind.INTEGER),
        Column("section_id", Kind.TEXT),
    )
