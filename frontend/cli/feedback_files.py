"""Feedback from a file and into one."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontend.cli.session import Session
from frontend.cli.texts import text
from shared.errors import Conflict, InvalidInput
from shared.models.feedback import FeedbackItem
from shared.models.targets import preference_pair_of, target_of

if TYPE_CHECKING:
    from frontend.client import ClaraClient
    from frontend.client.models import Feedback, FeedbackReceipt

_ITEMS_AT_ONCE = 500
_BYTES_AT_ONCE = 768 * 1024

Line = tuple[int, Mapping[str, Any]]


class BadLine(InvalidInput):
    """A line of the file cannot be given as feedback."""

    code = "bad_line"


class FileExists(Conflict):
    """The file to write is there already."""

    code = "file_exists"


class ExportKind(StrEnum):
    """What feedback is written as."""

    PAIRS = "pairs"
    TARGETS = "targets"


def import_file(
    session: Session, client: "ClaraClient", path: Path, *, source: str | None
) -> "list[tuple[list[int] | None, FeedbackReceipt]]":
    """Give all lines in bounded requests; each receipt comes with the numbers of its lines.

    Raises:
        BadLine: If one cannot be right; those of earlier requests are stored.
    """
    from rich.progress import track

    from frontend.client.errors import ServiceRefused

    done: list[tuple[list[int] | None, FeedbackReceipt]] = []
    console = session.error_console()
    is_seen = console.is_terminal and not session.as_json
    batches = _batches(_read(path, source))
    for batch in track(batches, text("feedback.importing"), console=console, disable=not is_seen, transient=True):
        try:
            receipt = client.feedback.give([item for _, item in batch])
        except ServiceRefused as exc:
            stored = sum(len(one.items) for _, one in done)
            bad_line = _bad_line(path, batch, exc.errors, stored)
            if bad_line is None:
                raise
            raise bad_line from exc
        done.append(([line for line, _ in batch], receipt))
    return done


def export_lines(items: "Iterable[Feedback]", kind: ExportKind, *, min_score: float) -> Iterator[str]:
    """One JSON record per item that teaches something of this kind."""
    for answer in items:
        item = FeedbackItem(**{name: getattr(answer, name) for name in FeedbackItem.__dataclass_fields__})
        record = _pair(item) if kind is ExportKind.PAIRS else _target(item, min_score)
        if record is not None:
            yield json.dumps(record, ensure_ascii=False) + "\n"


def write_new(path: Path, lines: Iterable[str]) -> int:
    """Write a file that must not exist; returns the number of lines.

    Raises:
        FileExists: If it does.
    """
    count = 0
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            for line in lines:
                stream.write(line)
                count += 1
    except FileExistsError as exc:
        raise FileExists(text("feedback.exists", path=path), path=str(path)) from exc
    return count


def _pair(item: FeedbackItem) -> dict[str, str] | None:
    pair = preference_pair_of(item)
    return None if pair is None else {"prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected}


def _target(item: FeedbackItem, min_score: float) -> dict[str, str] | None:
    target = target_of(item, min_score=min_score)
    return None if target is None else {"prompt": item.prompt, "completion": target}


def _read(path: Path, source: str | None) -> Iterator[Line]:
    default = {} if source is None else {"source": source}
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            if not raw.strip():
                continue
            try:
                item = json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError) as exc:
                raise _at(path, number, f"not JSON ({exc})", 0) from exc
            if not isinstance(item, dict):
                raise _at(path, number, "not an object with fields", 0)
            yield number, {**default, **item}


def _batches(lines: Iterable[Line]) -> list[list[Line]]:
    """All lines before anything is sent, so that a file that is no feedback stores nothing."""
    batches: list[list[Line]] = []
    size_bytes = _BYTES_AT_ONCE
    for line in lines:
        own_bytes = len(json.dumps(line[1]))
        if size_bytes + own_bytes > _BYTES_AT_ONCE or len(batches[-1]) == _ITEMS_AT_ONCE:
            batches.append([])
            size_bytes = 0
        batches[-1].append(line)
        size_bytes += own_bytes
    return batches


def _bad_line(path: Path, batch: list[Line], errors: Sequence[Mapping[str, Any]], stored: int) -> BadLine | None:
    """The service's `items.3.score` as a line of the file; None if it names no item."""
    for error in errors:
        parts = str(error.get("field", "")).split(".")
        if len(parts) > 1 and parts[0] == "items" and parts[1].isdigit():
            name = ".".join(parts[2:])
            return _at(path, batch[int(parts[1])][0], f"{name} {error.get('reason', '')}".strip(), stored)
    return None


def _at(path: Path, line: int, reason: str, stored: int) -> BadLine:
    return BadLine(
        text("feedback.bad_line", path=path.name, line=line, reason=reason, stored=stored), path=str(path), line=line
    )
