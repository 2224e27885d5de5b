"""Streams as newline-delimited JSON, to the line that says how they ended."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Iterator

import pytest

from backend.datasets.api.streaming import ndjson
from backend.datasets.ready.lines import Lines
from backend.datasets.records.content import json_lines
from shared.errors import Unavailable

Pieces = Iterator[Lines]


def lines_of(*records: dict[str, int]) -> Lines:
    return Lines(json_lines(records), len(records))


def _sent(first: Lines | None, rest: Pieces) -> list[bytes]:
    async def collect() -> bytes:
        return b"".join([chunk async for chunk in ndjson(first, rest)])

    return asyncio.run(collect()).splitlines(keepends=True)


def test_every_record_is_a_line_and_the_last_one_says_that_it_is_complete() -> None:
    *lines, last = _sent(lines_of({"a": 1}), iter([lines_of({"a": 2}, {"a": 3})]))

    assert [json.loads(line) for line in lines] == [{"a": 1}, {"a": 2}, {"a": 3}]
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    assert json.loads(last) == {"end": {"status": "complete", "records": 3, "sha256": digest}}


def test_a_failure_on_the_way_is_the_last_line() -> None:
    def rest() -> Pieces:
        yield lines_of({"a": 2})
        raise Unavailable("the store went away")

    *lines, last = _sent(lines_of({"a": 1}), rest())
    end = json.loads(last)["end"]

    assert len(lines) == end["records"] == 2
    assert (end["status"], end["code"], end["message"]) == ("failed", "unavailable", "the store went away")


def test_a_service_that_stops_says_so_behind_what_was_sent() -> None:
    async def stopped_after_first() -> list[bytes]:
        asked = iter((False, True))
        rest = (lines_of({"a": number}) for number in range(2, 1_000_000))
        read = [piece async for piece in ndjson(lines_of({"a": 1}), rest, is_stopping=lambda: next(asked))]
        return b"".join(read).splitlines(keepends=True)

    *lines, last = asyncio.run(stopped_after_first())
    end = json.loads(last)["end"]

    assert (end["status"], end["code"], end["records"]) == ("failed", "service_stopping", len(lines))
    assert end["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()
    assert 1 <= len(lines) < 100_000


def test_nothing_found_is_complete_too() -> None:
    (last,) = _sent(None, iter([]))

    assert json.loads(last)["end"]["records"] == 0


def test_who_goes_away_is_noted_and_nothing_more_is_read(caplog: pytest.LogCaptureFixture) -> None:
    read, closed = [], []

    def rest() -> Pieces:
        try:
            for number in range(1, 1_000):
                time.sleep(0.005)
                read.append(number)
                yield lines_of({"a": number})
        finally:
            closed.append(True)

    async def leave_early() -> None:
        lines = ndjson(lines_of({"a": 0}), rest())
        await anext(lines)
        await anext(lines)
        await lines.aclose()

    with caplog.at_level(logging.WARNING):
        asyncio.run(leave_early())

    (entry,) = [each for each in caplog.records if each.message == "stream.cut"]
    assert entry.__dict__["records"] == 1
    assert len(read) < 100
    assert closed == [True]


def test_what_nobody_foresaw_is_no_end(caplog: pytest.LogCaptureFixture) -> None:
    def rest() -> Pieces:
        yield lines_of({"a": 2})
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        _sent(lines_of({"a": 1}), rest())
    assert [each.message for each in caplog.records if each.message.startswith("stream")] == ["stream.cut"]
