"""Whole, in ranges, or not again."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend.datasets.api.ranged import Asked, ranged
from backend.datasets.archive import DownloadFile

CONTENT = bytes(range(100))
TAG = f'"{"ab" * 32}"'


def _get(**headers: str) -> tuple[int, Mapping[str, str], bytes]:
    app = FastAPI()
    asked = Asked(headers.get("range"), headers.get("if_range"), headers.get("if_none_match"))

    @app.get("/")
    async def send() -> Any:
        return ranged(DownloadFile("Gebühr.csv", "text/csv", "ab" * 32, (CONTENT[:30], CONTENT[30:])), asked)

    answer = TestClient(app).get("/")
    return answer.status_code, answer.headers, answer.content


def test_the_whole_names_its_digest_and_that_ranges_are_possible() -> None:
    status, headers, content = _get()

    assert (status, content) == (200, CONTENT)
    assert (headers["etag"], headers["accept-ranges"], headers["content-length"]) == (TAG, "bytes", "100")
    assert headers["x-content-sha256"] == "ab" * 32
    assert headers["content-disposition"] == "attachment; filename*=utf-8''Geb%C3%BChr.csv"
    assert headers["content-type"].startswith("text/csv")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("Bytes=0-0", 0, 0),
        ("bytes=25-34", 25, 34),
        ("bytes=90-", 90, 99),
        ("bytes=-5", 95, 99),
        ("bytes=50-999", 50, 99),
    ],
)
def test_a_range_is_sent_with_its_place(asked: str, first: int, last: int) -> None:
    status, headers, content = _get(range=asked)

    assert (status, content) == (206, CONTENT[first : last + 1])
    assert headers["content-range"] == f"bytes {first}-{last}/100"
    assert headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=20-10"])
def test_a_range_outside_is_refused_with_the_length(asked: str) -> None:
    status, headers, content = _get(range=asked)

    assert (status, headers["content-range"], headers["etag"]) == (416, "bytes */100", TAG)
    assert b"100 bytes" in content


@pytest.mark.parametrize("asked", ["items=0-1", "bytes=0-1,5-6", "bytes=-", "bytes=a-b", "bytes=٣-٤", ""])
def test_what_is_not_one_range_of_bytes_gets_the_whole(asked: str) -> None:
    assert _get(range=asked)[0] == 200


def test_a_range_of_another_state_gets_the_whole() -> None:
    assert _get(range="bytes=10-", if_range=TAG)[0] == 206
    assert _get(range="bytes=10-", if_range='"other"')[0] == 200
    assert _get(range="bytes=10-", if_range=f"W/{TAG}")[0] == 200


@pytest.mark.parametrize(("known", "status"), [(TAG, 304), (f'"x", W/{TAG}', 304), ("*", 304), ('"x"', 200)])
def test_who_has_it_already_gets_nothing(known: str, status: int) -> None:
    assert _get(if_none_match=known)[0] == status


def test_nothing_is_read_before_it_is_wanted() -> None:
    response = ranged(DownloadFile("x", "text/plain", "ab" * 32, (CONTENT,)), Asked())

    async def first() -> Any:
        return await anext(aiter(response.body_iterator))  # type: ignore[attr-defined]

    assert asyncio.run(first()) == CONTENT
