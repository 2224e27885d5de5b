"""Lines of records: what a section became, and what a stream sends at once."""

from typing import NamedTuple

_PLACE = b'"relevance_score":'
_WHOLE = _PLACE + b"1.0,"


class Lines(NamedTuple):
    """A piece of a stream.

    Args:
        content: JSON lines, each with its newline.
        records: How many they are.
    """

    content: bytes
    records: int


class SectionKey(NamedTuple):
    """Names a section's words for ever: no section of a document version changes.

    Args:
        state: Of its document, from `state_of`.
    """

    document_id: str
    state: str
    ordinal: int


class SectionLines(NamedTuple):
    """What a section becomes in a stream, whether it is sent or not.

    Args:
        key: Which section.
        text_key: Identity of its text, by which rulings are found.
        score: Its quality.
        is_rejected: By the profile.
        records: Number of its records.
        content: Their lines, as of the most relevant section.
    """

    key: SectionKey
    text_key: str
    score: float
    is_rejected: bool
    records: int
    content: bytes


def state_of(version: int, sha256: str) -> str:
    """Names the version of a document together with its bytes."""
    return f"{version}-{sha256[:16]}"


def with_relevance(content: bytes, relevance: float) -> bytes:
    """Lines of a section as they are where it fits a query that much, 0 … 1."""
    if relevance == 1.0:
        return content
    # a quote inside a text is escaped: these bytes stand once in every line, where the column is
    return content.replace(_WHOLE, b"%b%b," % (_PLACE, repr(round(float(relevance), 6)).encode()))
