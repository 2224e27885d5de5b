import asyncio
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from backend.common.server import keep_from_others
from tests.support.certificates import Authority
from tests.support.live_server import free_port
from tests.support.small_service import GRACE_S, HANGS_S

pytestmark = pytest.mark.anyio

GRACE_IS_OVER = "timeout graceful shutdown exceeded"
"""What uvicorn logs of those that did not end within the grace."""


@pytest.fixture
def usual_mask() -> Iterator[None]:
    before = os.umask(0o002)
    yield
    os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="on Windows the folder decides")
def test_what_a_service_makes_is_not_for_other_users_of_the_machine(tmp_path: Path, usual_mask: None) -> None:
    keep_from_others()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()

    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("folder", "file")] == [0o750, 0o640]


def command(port: int, *what: str) -> list[str]:
    return [sys.executable, "-m", "tests.support.small_service", str(port), *what]


@contextmanager
def running(port: int, *what: str) -> Iterator["subprocess.Popen[str]"]:
    """The service as a process that accepts connections; ended by force if the test has not done so."""
    process = subprocess.Popen(command(port, *what), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.communicate()


def stopped(process: "subprocess.Popen[str]", number: int = signal.SIGTERM) -> tuple[float, str, str]:
    """Seconds from the signal to the end, standard output and standard error."""
    started_at = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return time.monotonic() - started_at, out, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_service_with_exit_code_0_and_a_closed_lifespan(number: int) -> None:
    with running(free_port(), "fine") as process:
        _, out, err = stopped(process, number)
    assert process.returncode == 0
    assert out == "closed\n"
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert events == ["service.started", "service.stopping", "service.stopped"]


async def test_a_signal_during_a_slow_start_is_not_lost() -> None:
    process = subprocess.Popen(
        command(free_port(), "slow_start"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "starting\n"
    _, out, _ = stopped(process)
    assert (process.returncode, out) == (0, "closed\n")


async def test_a_request_in_progress_is_finished_before_the_end() -> None:
    port = free_port()
    with running(port, "fine") as process:
        async with httpx.AsyncClient() as client, client.stream("GET", f"http://127.0.0.1:{port}/slow") as response:
            lines = response.aiter_lines()
            assert await anext(lines) == "begun"
            process.send_signal(signal.SIGTERM)
            assert await anext(lines) == "done"
        assert await asyncio.to_thread(process.wait, 60) == 0


async def test_an_answer_without_end_is_told_of_the_stop_and_holds_nobody_up() -> None:
    port = free_port()
    with running(port, "fine") as process:
        async with httpx.AsyncClient() as client, client.stream("GET", f"http://127.0.0.1:{port}/endless") as response:
            lines = response.aiter_lines()
            assert await anext(lines) == "begun"
            process.send_signal(signal.SIGTERM)
            assert await anext(lines) == "ended"
        _, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert (process.returncode, GRACE_IS_OVER in err) == (0, False)


async def test_a_thread_that_hangs_cannot_hold_up_the_end_beyond_the_grace_and_two_seconds() -> None:
    port = free_port()
    with running(port, "fine") as process:
        async with httpx.AsyncClient() as client, client.stream("GET", f"http://127.0.0.1:{port}/hanging") as response:
            assert await anext(response.aiter_lines()) == "begun"
            seconds, _, err = await asyncio.to_thread(stopped, process)
    assert (process.returncode, GRACE_S <= seconds < HANGS_S / 2) == (4, True)
    assert "service.stop_cut_short" in err


async def test_an_open_websocket_is_closed_and_holds_nobody_up() -> None:
    port = free_port()
    with running(port, "fine") as process:
        async with connect(f"ws://127.0.0.1:{port}/ws/echo", proxy=None) as websocket:
            await websocket.send("ping")
            assert await websocket.recv() == "ping"
            stopping = asyncio.create_task(asyncio.to_thread(stopped, process))
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(websocket.recv(), 30)
        _, _, err = await stopping
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert process.returncode == 0
    assert GRACE_IS_OVER not in err
    assert "Traceback" not in err


async def test_a_websocket_handler_that_waits_for_something_else_is_cut_off_after_the_grace() -> None:
    port = free_port()
    with running(port, "fine") as process:
        async with connect(f"ws://127.0.0.1:{port}/ws/stuck", proxy=None) as websocket:
            await websocket.recv()
            duration_s, out, err = await asyncio.to_thread(stopped, process)
    assert process.returncode == 0
    assert duration_s >= GRACE_S
    assert GRACE_IS_OVER in err
    assert out == "closed\n"


async def test_a_port_in_use_gives_exit_code_2_and_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finished = subprocess.run(command(port, "fine"), capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 2
    assert finished.stdout == ""  # nothing was opened
    assert finished.stderr == (
        f"CLARA small cannot start: Port {port} on 127.0.0.1 is already in use; "
        "stop the other process or set CLARA_SMALL_PORT to a free port.\n"
    )


async def test_a_reason_not_to_start_is_one_line_and_exit_code_2() -> None:
    finished = subprocess.run(
        command(free_port(), "read_only"), capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr
    assert "CLARA small cannot start: The data folder /data is read-only" in finished.stderr


async def test_a_bug_at_start_is_exit_code_3_with_its_traceback_in_the_log() -> None:
    finished = subprocess.run(command(free_port(), "bug"), capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 3
    assert "bug at start" in finished.stderr
    assert all(json.loads(line) for line in finished.stderr.splitlines())


async def test_tokens_in_the_query_of_a_websocket_reach_no_log() -> None:
    port = free_port()
    with running(port, "fine") as process:
        async with connect(f"ws://127.0.0.1:{port}/ws/echo?token=canary", proxy=None) as websocket:
            await websocket.send("x")
            await websocket.recv()
        async with httpx.AsyncClient() as client:
            await client.get(f"http://127.0.0.1:{port}/livez?token=canary")
        _, _, err = await asyncio.to_thread(stopped, process)
    assert "/ws/echo" in err
    assert "canary" not in err


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


async def test_with_a_client_authority_only_its_clients_get_in(authority: Authority) -> None:
    server, client = authority.issue("127.0.0.1"), authority.issue("client")
    port = free_port()
    with running(port, "fine", str(server.cert), str(server.key), str(authority.cert)):
        trusting = ssl.create_default_context(cafile=str(authority.cert))
        async with httpx.AsyncClient(verify=trusting) as anonymous:
            with pytest.raises(httpx.TransportError):
                await anonymous.get(f"https://127.0.0.1:{port}/livez")
        known = ssl.create_default_context(cafile=str(authority.cert))
        known.load_cert_chain(client.cert, client.key)
        async with httpx.AsyncClient(verify=known) as with_certificate:
            assert (await with_certificate.get(f"https://127.0.0.1:{port}/livez")).status_code == 200


async def test_tls_files_that_cannot_be_used_are_one_line_and_exit_code_2(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for certificate in (tmp_path / "no.pem", tmp_path / "missing.pem"):
        finished = subprocess.run(
            command(free_port(), "fine", str(certificate), str(authority.cert)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert finished.returncode == 2
        assert "CLARA_TLS_CERT_FILE" in finished.stderr
        assert len(finished.stderr.splitlines()) == 1
