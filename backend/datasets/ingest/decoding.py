"""Bytes to text as files come in: UTF-8, UTF-16 with its mark, Windows-1252; binary is refused, not guessed."""

import codecs
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark starts with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes([*range(9), *range(14, 32), 127])
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SAMPLE = 65_536
_MAX_CONTROL_SHARE = 0.01


class UndecodableBytes(ValueError):
    """The bytes are not text in any encoding we accept; the message is a reason for `UnreadableFile`."""


def sniff_encoding(raw: bytes) -> str:
    """Python name of the encoding of a complete file.

    Raises:
        UndecodableBytes: If it is none of those we accept.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise UndecodableBytes("its bytes are neither UTF-8, UTF-16 nor Windows-1252 text")


def decode(raw: bytes) -> str:
    """Text with line feeds as line ends and without a byte order mark.

    Raises:
        UndecodableBytes: If the bytes are binary or in an unknown encoding.
    """
    encoding = "utf-8"
    try:
        text = raw.decode(encoding) if not raw.startswith(codecs.BOM_UTF8) else raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = sniff_encoding(raw)
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as exc:
            raise UndecodableBytes(f"it is marked as {encoding} but byte {exc.start} is not") from exc
    _refuse_binary(text)
    return unix_lines(text)


def unix_lines(text: str) -> str:
    """The text with line feeds in place of all carriage returns."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def storable(text: str) -> str:
    """The text with U+FFFD for each NUL and lone surrogate, which no database takes; the length stays."""
    try:
        # nearly all texts are clean, and encoding tells it ten times as fast as a pattern
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _UNSTORABLE.sub("\ufffd", text)
    return text.replace("\x00", "\ufffd")


def json_safe(value: Any) -> Any:
    """Plain JSON of what YAML, CSV or a document's properties hold: dates as ISO 8601, NaN as null."""
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {storable(str(key)): json_safe(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(part) for part in value]
    return storable(str(value))


def _refuse_binary(text: str) -> None:
    if "\x00" in text:
        raise UndecodableBytes("it contains NUL bytes, so it is binary")
    sample = text[:_SAMPLE].encode("utf-8")
    if len(sample) - len(sample.translate(None, _CONTROL)) > max(2, _MAX_CONTROL_SHARE * len(sample)):
        raise UndecodableBytes("it is full of control characters, so it is binary")
