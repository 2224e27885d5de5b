"""Logs as one JSON object per line, whatever is in the message."""

import itertools
import json
import logging
import logging.handlers
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from backend.common.redaction import REDACTED, is_secret_name, redact_text
from shared.utils.clock import iso_utc
from shared.utils.log_context import context_fields

_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_MAX_TEXT = 4_000
_MAX_TRACEBACK = 16_000
_MAX_ENTRIES = 100
_MAX_DEPTH = 5
_MAX_FILE_BYTES = 50 * 1024 * 1024
_KEPT_FILES = 5
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_OWN = frozenset({"timestamp", "level", "logger", "event", "service", "exception"})
# uvicorn's INFO lines quote query strings (and with them `?token=`), httpx logs every call; both say it better in ours.
_QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore", "asyncio", "websockets")


def log_in_words(prefix: str = "") -> None:
    """Send what is logged in a child process to its stderr, the log of its work, as lines for people.

    Args:
        prefix: Put before the level, to tell processes apart that share a log.
    """
    form = f"%(asctime)s {prefix}%(levelname)s %(name)s %(message)s"
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=form)


def configure_logging(
    level: str, service: str, *, stream: TextIO | None = None, file: Path | None = None
) -> logging.Handler:
    """Send everything that is logged in this process to one place, as JSON lines.

    May be called again; the last call counts.

    Args:
        level: Least level, e.g. `INFO`.
        service: Name put into every line.
        stream: Where to write; standard error if neither this nor `file` is given.
        file: Written instead of a stream, turned over at 50 MB, five old files kept.

    Returns:
        The handler, for those who must close it.
    """
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(stream or sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=_MAX_FILE_BYTES, backupCount=_KEPT_FILES, encoding="utf-8", delay=True
        )
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    return handler


class JsonFormatter(logging.Formatter):
    """One record, one line of pure ASCII JSON: no text in it can start a second line or move a terminal's cursor.

    Args:
        service: Name put into every line.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "timestamp": iso_utc(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "event": _cut(record.getMessage(), _MAX_TEXT),
            "service": self._service,
            **_cleaned(context_fields()),
            **_extra_fields(record),
        }
        if record.exc_info:
            line["exception"] = _cut(self.formatException(record.exc_info), _MAX_TRACEBACK)
        return _ENCODER.encode(line)


def _extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    # A field of the caller never replaces one of ours.
    return {f"{name}_" if name in _OWN else name: value for name, value in _cleaned(extra).items()}


def _cleaned(fields: Mapping[Any, Any], depth: int = 1) -> dict[str, Any]:
    cleaned = {}
    for name, value in itertools.islice(fields.items(), _MAX_ENTRIES):
        text = str(name)
        is_secret = isinstance(value, str | bytes) and is_secret_name(text)
        cleaned[_cut(text, _MAX_TEXT)] = REDACTED if is_secret else _plain(value, depth)
    return cleaned


def _plain(value: Any, depth: int) -> Any:
    """`value` as JSON can say it: bounded in depth and size, without NaN."""
    if type(value) is str:
        return _cut(value, _MAX_TEXT)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return _cleaned(value, depth + 1)
    if depth < _MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in list(value)[:_MAX_ENTRIES]]
    if isinstance(value, datetime):
        return iso_utc(value)
    return _cut(str(value), _MAX_TEXT)


def _cut(text: str, limit: int) -> str:
    text = redact_text(text)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
