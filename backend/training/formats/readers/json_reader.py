"""JSONL, one object per line, and JSON, one list of objects."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.training.formats.base import kind_of
from backend.training.formats.readers.strict_json import NotStrictJson, StrictJson
from backend.training.formats.row import Row, UnreadableFile, as_row

_MAX_LINE_BYTES = 64 << 20
_MAX_JSON_BYTES = 512 << 20
_BLANK = re.compile(r"[ \t\r\n]*")


def jsonl_rows(path: Path) -> Iterator[Row]:
    """Every line that is not blank.

    Raises:
        UnreadableFile: If a line is too long to be a record.
    """
    json = StrictJson()
    with path.open("rb") as stream:
        line = 0
        while raw := stream.readline(_MAX_LINE_BYTES + 1):
            line += 1
            if len(raw) > _MAX_LINE_BYTES:
                reason = f"line {line} is longer than {_MAX_LINE_BYTES >> 20} MiB; split the record"
                raise UnreadableFile(path, reason)
            if raw.strip():
                yield _row_of_line(json, line, raw)


def json_rows(path: Path) -> Iterator[Row]:
    """Every item of the list; a file without content has none.

    Raises:
        UnreadableFile: If the file is too large to be read as a whole, no UTF-8, no JSON or no list.
    """
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise UnreadableFile(path, "a JSON file is read as a whole and this one is too large; use JSONL")
    try:
        text = path.read_text(encoding="utf-8-sig")
        for number, item in enumerate(_items(text), start=1):
            yield Row(number, None, str(item)) if isinstance(item, NotStrictJson) else as_row(number, item)
    except UnicodeDecodeError as exc:
        raise UnreadableFile(path, "it is not UTF-8; save it as UTF-8") from exc
    except ValueError as exc:
        raise UnreadableFile(path, str(exc)) from exc


def _row_of_line(json: StrictJson, line: int, raw: bytes) -> Row:
    try:
        return as_row(line, json.decode(raw.decode("utf-8-sig" if line == 1 else "utf-8").strip()))
    except UnicodeDecodeError:
        return Row(line, None, "is not UTF-8; save the file as UTF-8")
    except NotStrictJson as exc:
        return Row(line, None, str(exc))


def _items(text: str) -> Iterator[Any]:
    """The items of a list one by one, so that what is wrong with one of them is known with its number.

    Raises:
        ValueError: If the text is no list of JSON values.
    """
    json, at = StrictJson(), _after_blank(text, 0)
    if at == len(text):
        return
    if text[at] != "[":
        raise ValueError(_why_no_list(json, text, at))
    at = _after_blank(text, at + 1)
    is_end = text[at : at + 1] == "]"
    while not is_end:
        item, at = _item(json, text, at)
        yield item
        at = _after_blank(text, at)
        if text[at : at + 1] not in (",", "]"):
            raise ValueError(f"it is not JSON: line {_line_of(text, at)} should go on with a comma or end the list")
        is_end = text[at] == "]"
        at = _after_blank(text, at + 1)
    if at < len(text):
        raise ValueError(f"it is not JSON: something follows the list in line {_line_of(text, at)}")


def _item(json: StrictJson, text: str, at: int) -> tuple[Any, int]:
    try:
        return json.decode_at(text, at)
    except NotStrictJson as exc:
        raise ValueError(f"it {exc}") from exc


def _why_no_list(json: StrictJson, text: str, at: int) -> str:
    value, end = _item(json, text, at)
    if isinstance(value, dict) and text[_after_blank(text, end) :].startswith("{"):
        return "it holds one object after the other, not a list; let its name end in .jsonl"
    return f"it must hold a list of records, found {kind_of(value)}"


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
