"""Progress as server-sent events: replay, live, heartbeats, and an end that says why."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.common.feed.event_feed import EventFeed
from backend.common.feed.sse import EventStream
from backend.training.job_updates import JobEvents
from shared.database.base import JobStore
from shared.database.stores import memory_stores
from tests.support.issuer import IssuerKey
from tests.support.job_writer import JobWriter
from tests.support.live_jobs import live_jobs

Service = tuple[str, JobStore]
PATH = "/api/training/jobs/job_1/events/stream"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with live_jobs(tmp_path) as found:
        yield found


def events(response: httpx.Response) -> Iterator[dict[str, str]]:
    """The events of a stream, comments passed over."""
    event: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            event |= {name: value} if name else {}
        elif event:
            yield event
            event = {}


def test_a_stream_replays_goes_on_live_and_ends_with_the_job(service: Service) -> None:
    address, jobs = service
    writer = JobWriter(jobs)
    with httpx.stream("GET", address + PATH, headers={"Last-Event-ID": "1"}, trust_env=False) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        stream = events(response)
        assert [next(stream)["id"] for _ in range(2)] == ["2", "3"]
        writer.log()
        step = next(stream)
        assert (step["id"], step["event"]) == ("4", "step")
        assert json.loads(step["data"])["seq"] == 4
        writer.fail()
        assert [(each["id"], each["event"]) for each in stream] == [("5", "status")]


def test_a_job_that_has_ended_is_told_to_its_end_and_then_with_204(service: Service) -> None:
    address, jobs = service
    JobWriter(jobs).fail()
    with httpx.stream("GET", address + PATH, trust_env=False) as response:
        assert [each["id"] for each in events(response)] == ["1", "2", "3", "4"]
    again = httpx.get(address + PATH, headers={"Last-Event-ID": "4"}, trust_env=False)
    assert (again.status_code, again.content) == (204, b"")


def test_an_unknown_job_and_a_number_that_is_none_are_refused(service: Service) -> None:
    address, jobs = service
    assert httpx.get(f"{address}/api/training/jobs/nobody/events/stream", trust_env=False).status_code == 404
    JobWriter(jobs)
    for number in ("-1", "x", "9" * 40):
        answer = httpx.get(address + PATH, headers={"Last-Event-ID": number}, trust_env=False)
        assert answer.status_code == 422, number


def test_a_stream_ends_with_its_token_and_says_so(tmp_path: Path) -> None:
    key = IssuerKey.make("k")
    began = time.time()
    # its clock stands still: a request that comes late is let in and ends at once
    with live_jobs(tmp_path, key, clock=lambda: began) as (address, jobs):
        JobWriter(jobs)
        assert httpx.get(address + PATH, trust_env=False).status_code == 401
        ends_at = int(time.time()) + 2
        header = {"Authorization": f"Bearer {key.token(now=began, exp=ends_at)}"}
        with httpx.stream("GET", address + PATH, headers=header, trust_env=False, timeout=20) as response:
            *_, last = events(response)
    assert last["event"] == "expired"
    assert "id" not in last
    assert 0 <= time.time() - ends_at < 20


def streamed(stream: EventStream, *, until: bytes) -> bytes:
    """Body of a stream up to some bytes, after which the client goes away."""
    body = b""

    async def scenario() -> None:
        left = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal body
            body += message.get("body", b"")
            if until in body:
                left.set()

        async with asyncio.timeout(10):
            await stream({"type": "http"}, receive, send)

    asyncio.run(scenario())
    return body


def test_silence_is_broken_by_comments_and_a_client_that_leaves_ends_the_stream() -> None:
    jobs = memory_stores().jobs
    JobWriter(jobs)
    stream = EventStream(
        "job_1",
        EventFeed(JobEvents(jobs)),
        after=3,
        ends_at=None,
        heartbeat_s=0.01,
    )
    body = streamed(stream, until=b": still here\n\n: still here\n\n")
    assert set(body.split(b"\n\n")) == {b": still here", b""}
