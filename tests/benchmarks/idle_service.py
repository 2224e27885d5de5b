"""Idle memory and time to the first 200 of each service, beside a bare FastAPI application in the same run.

Bounds: resident memory <= 80 MB, first 200 from /health <= 2 s after the start of the process (median of the runs). The
time bound holds on a quiet machine; the ratio to bare FastAPI, measured in turn, is what can be compared.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

RUNS = 5
SETTLE_S = 1.0
RSS_BOUND_MB = 80.0
START_BOUND_S = 2.0

BARE = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/health")
async def health(): return {"status": "healthy"}
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        candidates: dict[str, tuple[Sequence[str], str]] = {
            "bare_fastapi": ((sys.executable, "-c", BARE), ""),
            "training": ((sys.executable, "-m", "backend.training.app"), "CLARA_TRAINING_PORT"),
            "datasets": ((sys.executable, "-m", "backend.datasets.app"), "CLARA_DATASET_PORT"),
        }
        for command, setting in candidates.values():
            _run_once(command, setting, home)  # migrations and byte code are not what is measured
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in candidates}
        for _ in range(RUNS):
            for name, (command, setting) in candidates.items():
                found[name].append(_run_once(command, setting, home))
    figures = {name: _summary(runs) for name, runs in found.items()}
    services = [figures["training"], figures["datasets"]]
    bare = figures["bare_fastapi"]
    return {
        **figures,
        "start_ratio": round(max(s["first_200_s"] for s in services) / bare["first_200_s"], 2),
        "rss_ratio": round(max(s["rss_mb"] for s in services) / bare["rss_mb"], 2),
        "bounds": {"rss_mb": RSS_BOUND_MB, "first_200_s": START_BOUND_S},
        "holds": all(s["rss_mb"] <= RSS_BOUND_MB and s["first_200_s"] <= START_BOUND_S for s in services),
    }


def _summary(runs: Sequence[tuple[float, float]]) -> dict[str, float]:
    seconds, megabytes = zip(*runs, strict=True)
    return {
        "first_200_s": round(statistics.median(seconds), 3),
        "first_200_s_min": round(min(seconds), 3),
        "first_200_s_max": round(max(seconds), 3),
        "rss_mb": round(statistics.median(megabytes), 1),
    }


def _run_once(command: Sequence[str], setting: str, home: str) -> tuple[float, float]:
    port = _free_port()
    environment: Mapping[str, str] = {
        **os.environ,
        "CLARA_HOME": home,
        "CLARA_SECURITY_MODE": "debug",
        "CLARA_ENVIRONMENT": "development",
        **({setting: str(port)} if setting else {}),
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, *([] if setting else [str(port)])],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        seconds = _first_200(f"http://127.0.0.1:{port}/health", started)
        time.sleep(SETTLE_S)
        return seconds, _rss_mb(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _first_200(url: str, started: float) -> float:
    with httpx.Client(trust_env=False, timeout=2.0) as client:
        while time.perf_counter() - started < 60:
            try:
                if client.get(url).status_code == 200:
                    return time.perf_counter() - started
            except httpx.TransportError:
                time.sleep(0.01)
    raise TimeoutError(url)


def _rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
