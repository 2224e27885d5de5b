"""Progress over the WebSocket: replay and live updates, odd messages, and every way in which a connection ends."""

import contextlib
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from shared.database.base import JobStore
from shared.models.events import EventType
from tests.support.frame_counter import Client, connected, count_frames
from tests.support.issuer import IssuerKey
from tests.support.job_writer import JobWriter
from tests.support.live_jobs import live_jobs

Service = tuple[str, JobStore]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with live_jobs(tmp_path) as found:
        yield found


def opened(address: str, query: str = "", **options: Any) -> ClientConnection:
    return connect(f"{address.replace('http', 'ws', 1)}/api/training/ws{query}", proxy=None, **options)


def seqs(connection: ClientConnection, count: int) -> list[int]:
    return [json.loads(connection.recv(timeout=10))["seq"] for _ in range(count)]


def closing(connection: ClientConnection) -> tuple[int, str]:
    with contextlib.suppress(ConnectionClosed):
        for _ in connection:
            pass
    return connection.close_code or 0, connection.close_reason or ""


def test_a_resumed_connection_gets_what_it_missed_and_then_what_comes(service: Service) -> None:
    address, jobs = service
    writer = JobWriter(jobs)
    writer.log(5)
    with opened(address, "?job_id=job_1&resume_from=3") as connection:
        assert seqs(connection, 5) == [4, 5, 6, 7, 8]
        writer.log(3)
        assert seqs(connection, 3) == [9, 10, 11]


def test_a_replay_can_be_asked_for_by_message_at_any_time(service: Service) -> None:
    address, jobs = service
    writer = JobWriter(jobs)
    with opened(address, "?job_id=job_1") as connection:
        connection.send('{"resume_from": 0}')
        assert seqs(connection, 3) == [1, 2, 3]
        writer.log()
        assert seqs(connection, 1) == [4]
        connection.send('{"resume_from": 1}')
        assert seqs(connection, 3) == [2, 3, 4]


def test_a_connection_for_all_jobs_gets_all_of_them(service: Service) -> None:
    address, jobs = service
    writer = JobWriter(jobs)
    with opened(address) as connection:
        connection.send("ping")
        assert connection.recv(timeout=10) == "pong"
        writer.log()
        JobWriter(jobs, "job_2")
        got = [json.loads(connection.recv(timeout=10)) for _ in range(4)]
    assert sorted((each["job_id"], each["seq"]) for each in got) == [
        ("job_1", 4), ("job_2", 1), ("job_2", 2), ("job_2", 3)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [
        "",
        "PING",
        "[" * 250,
        "[" * 60_000,
        '{"resume_from": -1}',
        '{"resume_from": true}',
        '{"resume_from": 1.5}',
        '{"resume_from": "1"}',
        '{"resume_from": ' + "9" * 200 + "}",
        '{"resume_from": 1',
        "null",
        b"ping",
        b"\xff\x00",
    ],
    ids=repr,
)
def test_what_cannot_be_understood_is_answered_and_the_connection_lives(service: Service, message: str | bytes) -> None:
    address, jobs = service
    JobWriter(jobs)
    with opened(address, "?job_id=job_1") as connection:
        connection.send(message)
        assert json.loads(connection.recv(timeout=10))["type"] == "error"
        connection.send("ping")
        assert connection.recv(timeout=10) == "pong"


def test_a_replay_of_all_jobs_together_does_not_exist(service: Service) -> None:
    with opened(service[0]) as connection:
        connection.send('{"resume_from": 1}')
        assert json.loads(connection.recv(timeout=10))["type"] == "error"
    with pytest.raises(InvalidStatus) as refused:
        opened(service[0], "?resume_from=1")
    assert refused.value.response.status_code == 422
    assert b"nothing_to_resume" in (refused.value.response.body or b"")


def test_an_unknown_job_is_named_when_the_connection_closes(service: Service) -> None:
    with opened(service[0], "?job_id=nobody") as connection:
        code, reason = closing(connection)
    assert code == 4404
    assert "nobody" in reason


def test_a_connection_ends_with_its_token_also_in_a_long_replay(tmp_path: Path) -> None:
    key = IssuerKey.make("k")
    began = time.time()
    # its clock stands still: a handshake that comes late is let in and ends at once
    with live_jobs(tmp_path, key, clock=lambda: began) as (address, jobs):
        writer = JobWriter(jobs)
        writer.log(1000)
        ends_at = int(time.time()) + 2
        header = {"Authorization": f"Bearer {key.token(now=began, exp=ends_at)}"}
        with (
            opened(address, "?job_id=job_1", additional_headers=header) as idle,
            opened(address, "?job_id=job_1", additional_headers=header) as busy,
        ):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    busy.send('{"resume_from": 0}')
                    assert seqs(busy, 1003)[-1] == 1003
            assert 0 <= time.time() - ends_at < 20
            assert closing(idle) == (1008, "token expired")
            assert closing(busy) == (1008, "token expired")


def test_a_caller_without_a_role_is_refused(tmp_path: Path) -> None:
    key = IssuerKey.make("k")
    with live_jobs(tmp_path, key) as (address, _):
        header = {"Authorization": f"Bearer {key.token(realm_access={'roles': ['guest']})}"}
        with pytest.raises(InvalidStatus) as refused:
            opened(address, additional_headers=header)
    assert refused.value.response.status_code == 403


def test_a_client_that_hangs_is_given_up_and_the_others_get_everything(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    address, jobs = service
    writer = JobWriter(jobs)
    port = int(address.rpartition(":")[2])
    hanging = Client(connected(port, "/api/training/ws?job_id=job_1", receive_bytes=4096))
    good = Client(connected(port, "/api/training/ws?job_id=job_1"))
    big = {f"figure_{number}": 0.5 for number in range(400)}

    def is_given_up() -> bool:
        return any(record.getMessage() == "listener.evicted" for record in caplog.records)

    with caplog.at_level(logging.WARNING):
        while not is_given_up():
            assert writer.step < 10_000
            writer.log(100, kind=EventType.EVALUATION, **big)
            count_frames([good], last_seq=lambda: writer.job.event_seq, seconds=20)
    count_frames([hanging], last_seq=lambda: writer.job.event_seq, seconds=10)
    assert hanging.closed == 1013
    assert (good.gaps, good.skipped, good.closed) == (0, 0, None)
    assert good.count == writer.step
    good.socket.close()
    hanging.socket.close()
