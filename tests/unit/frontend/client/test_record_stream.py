"""A stream is all of it, or says that it is not."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from frontend.client.record_stream import StreamEndedEarly, records_of

LINES = b'{"text": "Geb\xc3\xbchr \\u2028"}\n{"text": "zwei"}\n'
DIGEST = hashlib.sha256(LINES).hexdigest()


def _response(*further: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, content=LINES + b"".join(json.dumps(each).encode() + b"\n" for each in further))


def test_records_come_without_the_line_that_ends_them() -> None:
    end = {"end": {"status": "complete", "records": 2, "sha256": DIGEST}}

    assert [each["text"] for each in records_of(_response(end))] == ["Gebühr \u2028", "zwei"]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ({"status": "failed", "records": 2, "sha256": DIGEST, "message": "the store went away"}, "the store went away"),
        ({"status": "complete", "records": 3, "sha256": DIGEST}, "3 were sent"),
        ({"status": "complete", "records": 2, "sha256": "0" * 64}, "others than came"),
        (None, "the connection was cut"),
    ],
)
def test_an_end_that_is_none_is_an_error_after_the_records(end: dict[str, Any] | None, reason: str) -> None:
    records = records_of(_response(*([{"end": end}] if end else [])))

    assert len([next(records), next(records)]) == 2
    with pytest.raises(StreamEndedEarly, match=f"after 2 records: .*{reason}"):
        next(records)


def _breaks(error: httpx.TransportError) -> Iterator[bytes]:
    yield LINES
    raise error


def _ends_in_a_line() -> Iterator[bytes]:
    yield LINES
    yield b'{"text": "dr'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: _breaks(httpx.RemoteProtocolError("peer closed connection")), "the connection was cut"),
        (lambda: _breaks(httpx.ReadError("reset by peer")), "the connection was cut"),
        (lambda: _breaks(httpx.ReadTimeout("")), "there was no answer in time"),
        (_ends_in_a_line, "the connection was cut"),
    ],
)
def test_a_connection_that_breaks_amid_the_records_is_a_stream_that_ended_early(
    content: Callable[[], Iterator[bytes]], reason: str
) -> None:
    records = records_of(httpx.Response(200, content=content()))

    assert len([next(records), next(records)]) == 2
    with pytest.raises(StreamEndedEarly, match=f"after 2 records: {reason}") as caught:
        next(records)
    assert caught.value.records == 2
