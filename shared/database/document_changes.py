"""What registering a document means: decided here, once, for every store."""

from datetime import datetime

from shared.database.base import DocumentInput
from shared.database.sql_json import as_stored
from shared.errors import InvalidInput
from shared.models.document import Document


class UnstorableText(InvalidInput):
    """A document holds characters that are no text."""

    code = "unstorable_text"

    def __init__(self, source: str, path: str, reason: str) -> None:
        super().__init__(
            f"'{path}' of '{source}' holds {reason}; it was read with the wrong encoding or is no text.",
            source=source,
            path=path,
            reason=reason,
        )


def next_version(item: DocumentInput, known: Document | None, *, new_id: str, now: datetime) -> Document | None:
    """The version that `item` makes, or None when its bytes are those of the newest one.

    Args:
        item: What was read.
        known: The newest registered version under the same source and path.
        new_id: Id to take if there is none yet.
        now: By the store's clock.

    Raises:
        UnstorableText: If a text holds NUL characters or lone surrogates, which PostgreSQL refuses.
    """
    if known is not None and known.sha256 == item.sha256:
        return None
    _check_texts(item)
    parsed = item.parsed
    return Document(
        document_id=new_id if known is None else known.document_id,
        source=item.source,
        path=item.path,
        title=parsed.title,
        media_type=parsed.media_type,
        version=1 if known is None else known.version + 1,
        sha256=item.sha256,
        size_bytes=item.size_bytes,
        section_count=len(parsed.sections),
        ingested_at=now,
        ingested_by=item.ingested_by,
        abbreviation=parsed.abbreviation,
        metadata=as_stored(dict(parsed.metadata)),
    )


def section_key(section_id: str) -> tuple[str, int, int] | None:
    """Document id, version and ordinal of a section id, or None if it cannot be one."""
    document_id, _, rest = section_id.partition(":")
    version, _, ordinal = rest.partition(":")
    if not (document_id and version.isdecimal() and ordinal.isdecimal()):
        return None
    return document_id, int(version), int(ordinal)


def _check_texts(item: DocumentInput) -> None:
    parsed = item.parsed
    texts = [item.source, item.path, parsed.title, parsed.abbreviation]
    for section in parsed.sections:
        texts += [section.text, section.heading, section.number]
    for text in texts:
        if "\x00" in text:
            raise UnstorableText(item.source, item.path, "NUL characters")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as exc:
            raise UnstorableText(item.source, item.path, "lone surrogates") from exc
