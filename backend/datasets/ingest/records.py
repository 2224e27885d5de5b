"""Rows of tables and lines of JSON as documents: which field is the id, the title, the text."""

from collections.abc import Mapping
from typing import Any

from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.outline import assemble
from shared.models.document import ParsedDocument

ID_NAMES = ("id", "key", "schlüssel", "schluessel", "nummer", "nr", "aktenzeichen", "ecli", "slug")
TITLE_NAMES = ("title", "titel", "name", "bezeichnung", "betreff", "überschrift", "ueberschrift", "heading")
TEXT_NAMES = ("text", "inhalt", "content", "body", "volltext", "wortlaut", "beschreibung", "description")
_MAX_KEY = 200


class RecordKeys:
    """Keys of the records of one file: the record's own id if it has one that is new, else its position."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def key(self, own: str, position: int) -> str:
        """A key that no earlier record of the file has."""
        wanted = " ".join(own.split())[:_MAX_KEY]
        if not wanted or wanted in self._taken:
            wanted = f"{wanted}~{position}" if wanted else str(position)
        self._taken.add(wanted)
        return wanted


def record_document(
    ctx: ReadContext, fields: Mapping[str, Any], *, media_type: str, keys: RecordKeys, position: int
) -> ParsedDocument:
    """One record as a document; without a text field, all fields are its text, one "name: value" per line.

    Raises:
        UnreadableFile: If it holds no text.
    """
    names = {name.strip().lower(): name for name in fields}
    id_name, title_name, text_name = (_first(names, fields, known) for known in (ID_NAMES, TITLE_NAMES, TEXT_NAMES))
    if text_name:
        text = _words(fields[text_name])
        metadata = {name: value for name, value in fields.items() if name not in (id_name, title_name, text_name)}
    else:
        text = "\n".join(f"{name}: {words}" for name, value in fields.items() if (words := _words(value)))
        metadata = {}
    return assemble(
        ctx,
        text,
        media_type=media_type,
        title=_words(fields[title_name]) if title_name else f"{ctx.stem} {position}",
        metadata=metadata,
        key=keys.key(_words(fields[id_name]) if id_name else "", position),
    )


def _first(names: Mapping[str, str], fields: Mapping[str, Any], known: tuple[str, ...]) -> str | None:
    """The first known name whose field has words in it."""
    return next((names[name] for name in known if name in names and _words(fields[names[name]])), None)


def _words(value: Any) -> str:
    import json

    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, ensure_ascii=False)
