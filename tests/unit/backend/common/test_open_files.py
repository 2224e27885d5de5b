"""Connections and the files they take, in processes with limits of their own."""

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import httpx
import pytest

from backend.common.limits import ConnectionLimits
from backend.common.open_files import RESERVED_FILES, fitting_connections
from tests.support.live_server import free_port

resource = pytest.importorskip("resource", reason="Windows has no limit of open files")

_ASK = """
import logging, resource, sys
from backend.common.limits import ConnectionLimits
from backend.common.open_files import within_open_files
logging.basicConfig(format="%(message)s %(advice)s")
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
limits = within_open_files(ConnectionLimits(total=1000, per_address=800))
print(limits.total, limits.per_address, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""
_SERVE = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
sys.argv[1:] = [sys.argv[1], "fine"]
runpy.run_module("tests.support.small_service", run_name="__main__")
"""


def asked(soft: int, hard: int) -> tuple[list[int], str]:
    """Total, per address, soft and hard limit afterwards, and what was logged."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK, str(soft), str(hard)], capture_output=True, text=True, timeout=60, check=True
    )
    return [int(each) for each in done.stdout.split()], done.stderr


def test_enough_files_change_nothing() -> None:
    assert asked(1600, 2000) == ([1000, 800, 1600, 2000], "")


def test_the_limit_is_raised_as_far_as_it_is_needed() -> None:
    assert asked(256, 4000) == ([1000, 800, 1000 + RESERVED_FILES, 4000], "")


def test_where_it_cannot_be_raised_there_are_fewer_connections_and_a_word_about_it() -> None:
    figures, logged = asked(256, 1024)

    assert figures == [1024 - RESERVED_FILES, (1024 - RESERVED_FILES) // 2, 1024, 1024]
    assert logged.startswith("connections.capped")
    assert "to 1512" in logged
    assert "CLARA_MAX_CONNECTIONS to 512" in logged


@pytest.mark.parametrize("files", [1, 8, 64, 256, 700, 1024, 4607])
def test_of_any_number_some_are_left_for_callers_and_some_for_databases(files: int) -> None:
    limits = fitting_connections(ConnectionLimits(), files)

    assert 1 <= limits.per_address <= limits.total <= max(1, files - min(RESERVED_FILES, files // 2))


def test_fewer_connections_than_there_are_files_for_are_nobodys_business() -> None:
    for limits in (ConnectionLimits(total=512, per_address=512), ConnectionLimits(total=10, per_address=10)):
        assert fitting_connections(limits, 1024) is limits
    assert fitting_connections(ConnectionLimits(per_address=3), 1024).per_address == 3


def test_one_address_cannot_use_up_the_files_of_a_service() -> None:
    port = free_port()
    command = [sys.executable, "-c", _SERVE, str(port)]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process,
        ExitStack() as held,
    ):
        held.callback(process.kill)
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        many = [held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)) for _ in range(200)]
        answers = [each.recv(12) for each in many[100:]]
        from_elsewhere = httpx.HTTPTransport(local_address="127.0.0.2" if sys.platform == "linux" else None)
        if sys.platform != "linux":
            # no other machine has a second address of its own at hand
            for each in many:
                each.close()
        with httpx.Client(transport=from_elsewhere) as others:
            is_alive = others.get(f"http://127.0.0.1:{port}/livez").status_code
        process.terminate()
        _, err = process.communicate(timeout=30)

    assert answers == [b"HTTP/1.1 503"] * 100
    assert is_alive == 200
    events = [json.loads(line) for line in err.splitlines()]
    capped = next(each for each in events if each["event"] == "connections.capped")
    assert (capped["open_files"], capped["total"], capped["per_address"]) == (128, 32, 16)
    assert "Too many open files" not in err
