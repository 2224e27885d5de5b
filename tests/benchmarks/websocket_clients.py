"""1,000 WebSocket clients of one service process and ten that hang, beside the bare server stack.

Another process writes steps of a job into the database (SQLite FULL); every client must get each of them, in order.
Latency is from before the step is written to its receipt. The ten that never read are given up, without harm to the
others. The lower bound is the same server stack (uvicorn, Starlette) that sends a constant text at the same pace.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backend.common.feed.listener import STALLED_S
from backend.training.job_updates import update_of
from shared.database.stores import open_stores
from tests.support.frame_counter import connected
from tests.support.installation import ROOT, free_port, installation
from tests.support.job_writer import JobWriter

CLIENTS = 1000
PROCESSES = 2
HANGING = 10
STEPS_PER_S = 14.0
MESSAGES = 600
BARE_MESSAGES = 300
CHATTER_BYTES = 20_000
CHATTER_PAUSE_S = 0.2
PATH = "/api/training/ws?job_id=busy"
BOUNDS = {"messages_per_s": 10_000, "lost": 0, "p99_ms": 250, "evicted": HANGING}

BARE = """
import asyncio, sys, time, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

queues = set()

async def socket(websocket):
    await websocket.accept()
    queue = asyncio.Queue()
    queues.add(queue)
    while True:
        await websocket.send_text(await queue.get())

async def send(request):
    count, per_s, size = (float(request.query_params[name]) for name in ("count", "per_s", "size"))
    started = time.time()
    for number in range(1, int(count) + 1):
        due = started + number / per_s
        await asyncio.sleep(max(0, due - time.time()))
        text = '{"at":%r,"pad":"%s","seq":%d}' % (due, "x" * int(size - 60), number)
        for queue in queues:
            queue.put_nowait(text)
    return Response()

app = Starlette(routes=[WebSocketRoute("/api/training/ws", socket), Route("/send", send)])
options = {"ws": "websockets-sansio", "ws_per_message_deflate": False, "log_level": "warning"}
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), **options)
"""


@dataclass
class Measured:
    """What the clients of one run saw."""

    reports: list[dict[str, Any]]
    seconds: float
    server_cpu_s: float

    def figures(self, expected: int) -> dict[str, Any]:
        latencies = sorted(value for report in self.reports for value in report["latencies_ms"])
        received = sum(report["received"] for report in self.reports)
        return {
            "messages_per_s": round(received / self.seconds),
            "received": received,
            "lost": expected - received,
            "gaps": sum(report["gaps"] + report["skipped"] for report in self.reports),
            "p50_ms": round(statistics.median(latencies), 1),
            "p99_ms": latencies[int(len(latencies) * 0.99)],
            "max_ms": latencies[-1],
            "server_cpu_s": round(self.server_cpu_s, 2),
            "server_cpu_us_per_message": round(1e6 * self.server_cpu_s / received, 1),
            "client_cpu_s": round(sum(report["cpu_s"] for report in self.reports), 2),
        }


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        ours, evicted, size = _ours(Path(folder) / "home")
    bare = _bare(size).figures(CLIENTS * BARE_MESSAGES)
    figures = ours.figures(CLIENTS * MESSAGES)
    ratio = figures["server_cpu_us_per_message"] / bare["server_cpu_us_per_message"]
    return {
        "clients": CLIENTS,
        **figures,
        "hanging": HANGING,
        "evicted": evicted,
        "bare": bare,
        "cpu_ratio": round(ratio, 2),
        "bounds": BOUNDS,
        "holds": figures["messages_per_s"] >= BOUNDS["messages_per_s"]
        and figures["lost"] == figures["gaps"] == 0
        and figures["p99_ms"] <= BOUNDS["p99_ms"]
        and evicted == HANGING,
    }


def _ours(home: Path) -> tuple[Measured, int, int]:
    home.mkdir()
    stores = open_stores(f"sqlite:///{home / 'clara.db'}")
    # claimed before there is a service that would, and with a lease that outlasts the run
    busy, chatty = JobWriter(stores.jobs, "busy"), JobWriter(stores.jobs, "chatty")
    with installation(home, services=("training",), CLARA_LEASE_SECONDS="600") as it:
        port, pid = it.ports["training"], it.processes["training"].pid
        hanging = [connected(port, "/api/training/ws?job_id=chatty", receive_bytes=4096) for _ in range(HANGING)]
        with _clients(port, PATH) as processes, _chatter(chatty):
            cpu = _cpu_s(pid)
            started = time.monotonic()
            for number in range(1, MESSAGES + 1):
                time.sleep(max(0.0, started + number / STEPS_PER_S - time.monotonic()))
                busy.log(at=time.time(), loss=2.5, learning_rate=2e-4, grad_norm=1.25)
            reports = _reports(processes, last_seq=busy.job.event_seq)
            measured = Measured(reports, time.monotonic() - started, _cpu_s(pid) - cpu)
            evicted = _evicted(home / "training.out")
        for connection in hanging:
            connection.close()
        last = stores.jobs.events("busy", after=busy.job.event_seq - 1)[0]
    stores.close()
    return measured, evicted, len(update_of(last).text)


def _evicted(log: Path) -> int:
    """Clients that the service has given up; on a busy machine it takes a little longer to notice them."""
    give_up = time.monotonic() + STALLED_S
    while True:
        found = log.read_text(encoding="utf-8").count('"listener.evicted"')
        if found >= HANGING or time.monotonic() > give_up:
            return found
        time.sleep(0.5)


def _bare(size: int) -> Measured:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", BARE, str(port)])
    try:
        _until_ready(port)
        with _clients(port, "/api/training/ws") as processes:
            cpu = _cpu_s(process.pid)
            started = time.monotonic()
            query = f"count={BARE_MESSAGES}&per_s={STEPS_PER_S}&size={size}"
            httpx.get(f"http://127.0.0.1:{port}/send?{query}", timeout=120, trust_env=False)
            reports = _reports(processes, last_seq=BARE_MESSAGES)
            return Measured(reports, time.monotonic() - started, _cpu_s(process.pid) - cpu)
    finally:
        process.kill()
        process.wait()


@contextmanager
def _chatter(writer: JobWriter) -> Iterator[None]:
    """Another job that has much to say, to clients that do not listen."""
    is_over = threading.Event()

    def talk() -> None:
        while not is_over.wait(CHATTER_PAUSE_S):
            writer.log(**{f"figure_{number}": 1 / 3 for number in range(CHATTER_BYTES // 35)})

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@contextmanager
def _clients(port: int, path: str) -> Iterator[list["subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "tests.support.frame_counter", str(port), str(CLIENTS // PROCESSES), path, "120"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _reports(processes: list["subprocess.Popen[str]"], *, last_seq: int) -> list[dict[str, Any]]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{last_seq}\n")
        process.stdin.flush()
    return [json.loads(process.stdout.readline()) for process in processes if process.stdout]


def _until_ready(port: int) -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(port)


def _cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
