"""Streams as newline-delimited JSON."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from backend.datasets.api.streaming import ndjson
from shared.errors import Unavailable


def _lines(first: list[dict[str, Any]], rest: Iterator[list[dict[str, Any]]]) -> list[Any]:
    async def collect() -> bytes:
        return b"".join([chunk async for chunk in ndjson(first, rest)])

    return [json.loads(line) for line in asyncio.run(collect()).splitlines()]


def test_every_record_is_a_line() -> None:
    assert _lines([{"a": 1}], iter([[{"a": 2}, {"a": 3}]])) == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_a_failure_on_the_way_is_the_last_line() -> None:
    def rest() -> Iterator[list[dict[str, Any]]]:
        yield [{"a": 2}]
        raise Unavailable("the store went away")

    last = _lines([{"a": 1}], rest())[-1]

    assert last == {"error": {"code": "unavailable", "message": "the store went away"}}


def test_nothing_found_is_no_line() -> None:
    assert _lines([], iter([])) == []
