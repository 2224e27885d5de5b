import io
import json
import logging
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.common.logging import configure_logging
from shared.models.users import Role
from shared.utils.log_context import bound

logger = logging.getLogger("clara.test")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    quiet = {
        name: logging.getLogger(name).level for name in ("uvicorn", "uvicorn.error", "httpx", "asyncio", "websockets")
    }
    root.handlers = []  # pytest's own handlers must survive `force=True`
    buffer = io.StringIO()
    configure_logging("INFO", "training", stream=buffer)
    yield buffer
    logging.captureWarnings(False)
    root.handlers, root.level = before, level
    for name, quiet_level in quiet.items():
        logging.getLogger(name).setLevel(quiet_level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_with_time_level_logger_event_fields_and_context(stream: io.StringIO) -> None:
    with bound(correlation_id="r1", principal="anna"):
        logger.info(
            "job.claimed", extra={"job_id": "j1", "role": Role.ADMIN, "steps": [1, 2.5], "at": datetime.now(UTC)}
        )
    (line,) = lines(stream)
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["logger"], line["event"]) == ("INFO", "clara.test", "job.claimed")
    assert (line["service"], line["correlation_id"], line["principal"]) == ("training", "r1", "anna")
    assert (line["job_id"], line["role"], line["steps"]) == ("j1", "admin", [1, 2.5])


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\r\nb", 'x","level":"ERROR', "\x1b[2J", "\u2028\u2029\x85", "\x00", "\ud800", "\x9b31m", "%s %d", "{}"],
)
def test_no_text_can_break_out_of_its_line(stream: io.StringIO, text: str) -> None:
    logger.info(text, extra={"field": text, text: "name"})
    assert len(stream.getvalue().splitlines()) == 1
    assert stream.getvalue().isascii()
    assert all(character >= " " for character in stream.getvalue().rstrip("\n"))
    (line,) = lines(stream)
    assert line["level"] == "INFO"
    assert line["field"] == text
    assert line[text] == "name"


def test_fields_never_replace_the_standard_ones(stream: io.StringIO) -> None:
    logger.info("real", extra={"event": "fake", "level": "FAKE", "service": "fake", "timestamp": 0})
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["service"]) == ("real", "INFO", "training")
    assert (line["event_"], line["level_"]) == ("fake", "FAKE")


def test_secrets_are_redacted_by_name_and_by_shape(stream: io.StringIO) -> None:
    nested = {"auth": {"client_secret": "canary"}, "tokens_per_s": 12}
    logger.info("x", extra={"password": "canary", "url": "postgresql://u:canary@h/d", "nested": nested})
    try:
        raise ValueError("token=canary")
    except ValueError:
        logger.exception("failed for Bearer canary-canary")
    assert "canary" not in stream.getvalue()
    assert lines(stream)[0]["nested"]["tokens_per_s"] == 12


def test_values_that_json_cannot_say_become_text(stream: io.StringIO) -> None:
    circle: list[object] = []
    circle.append(circle)
    logger.info("x", extra={"nan": float("nan"), "path": Path("a"), "circle": circle, "big": "x" * 10_000, 7: b"\xff"})
    (line,) = lines(stream)
    assert (line["nan"], line["path"]) == ("nan", "a")
    assert len(line["big"]) < 4_100
    assert "10000 characters" in line["big"]


def test_a_traceback_stays_within_its_line(stream: io.StringIO) -> None:
    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError:
        logger.exception("job.failed")
    (line,) = lines(stream)
    assert "RuntimeError: first\nsecond" in line["exception"]


def test_the_servers_own_loggers_and_warnings_end_up_in_the_same_place(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("uvicorn.error").info('"WebSocket /ws?token=x" [accepted]')
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    first, second = lines(stream)
    assert first["logger"] == "uvicorn.error"
    assert second["logger"] == "py.warnings"


def test_the_level_holds_and_the_last_configuration_counts(stream: io.StringIO) -> None:
    logger.debug("hidden")
    again = io.StringIO()
    configure_logging("DEBUG", "datasets", stream=again)
    logger.debug("shown")
    assert stream.getvalue() == ""
    assert [line["service"] for line in lines(again)] == ["datasets"]


def test_a_file_is_made_with_its_folder(stream: io.StringIO, tmp_path: Path) -> None:
    handler = configure_logging("INFO", "training", file=tmp_path / "logs" / "training.log")
    logger.info("x")
    handler.close()
    assert json.loads((tmp_path / "logs" / "training.log").read_text())["event"] == "x"
