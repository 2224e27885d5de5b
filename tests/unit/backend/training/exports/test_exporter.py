"""The task that exports: what it does about servers that are away, processes that die, and jobs that cannot be told."""

import asyncio
import json
import sys
import textwrap
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backend.training.exports.exporter import MlflowExporter
from backend.training.exports.orders import ExportOrders, Target
from shared.models.export import ExportStatus
from shared.models.job import AttemptOutcome, Progress
from tests.support.processes import is_alive
from tests.support.store_values import START
from tests.support.training_desk import Desk, a_published_adapter

pytestmark = pytest.mark.anyio

HERE = "http://mlflow.example"


def exporter(desk: Desk, tmp_path: Path, body: str, *, lease_s: float = 60.0, retry_s: float = 0.01) -> MlflowExporter:
    """An exporter whose process runs `body`, with `order` and `lines` (what follows) at hand."""
    script = tmp_path / "child.py"
    head = """
        import json, os, sys, time
        from pathlib import Path
        order = json.loads(sys.stdin.readline())["order"]
        lines = []
        while not lines or not lines[-1].get("end"):
            lines.append(json.loads(sys.stdin.readline()))
        def say(**fields):
            print(json.dumps(fields), flush=True)
    """
    script.write_text(textwrap.dedent(head) + textwrap.dedent(body), encoding="utf-8")
    stores = desk.stores
    orders = ExportOrders(stores.jobs, stores.adapters, stores.datasets, desk.folders, Target(HERE, "CLARA"))
    log, command = tmp_path / "exports.log", (sys.executable, str(script))
    return MlflowExporter(
        stores.exports, orders, HERE, log=log, poll_s=0.01, retry_s=retry_s, lease_s=lease_s, command=command
    )


async def run_until(it: MlflowExporter, is_true: Callable[[], bool]) -> None:
    task = asyncio.create_task(it.run())
    try:
        async with asyncio.timeout(30):
            await until(is_true)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(is_true: Callable[[], bool]) -> None:
    while not is_true():
        await asyncio.sleep(0.01)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def job_id(desk: Desk) -> str:
    return a_published_adapter(desk).job_id


def status(desk: Desk) -> ExportStatus:
    return desk.stores.exports.status(HERE)


async def test_an_ended_job_is_told_with_all_its_figures_and_is_there_for_good(
    desk: Desk, job_id: str, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    body = f"""
        Path({str(said)!r}).write_text(json.dumps([order["job_id"], lines]))
        say(type="exported", run_id="run_1")
    """
    it = exporter(desk, tmp_path, body)
    await run_until(it, lambda: status(desk).exported == 1)
    told_id, lines = json.loads(said.read_text(encoding="utf-8"))
    assert told_id == job_id
    assert lines[-1] == {"end": True}
    assert await it.health() == {"status": "ok", "waiting": 0, "exported": 1}


async def test_a_failure_is_shown_with_its_reason_and_tried_again_until_it_works(
    desk: Desk, job_id: str, tmp_path: Path
) -> None:
    tries = tmp_path / "tries"
    body = f"""
        tries = Path({str(tries)!r})
        count = len(tries.read_text()) + 1 if tries.exists() else 1
        tries.write_text("x" * count)
        if count < 3:
            say(type="failed", message="The server is away.")
        else:
            say(type="exported", run_id="run_1")
    """
    it = exporter(desk, tmp_path, body, retry_s=0.2)
    await run_until(it, lambda: status(desk).failed == 1)
    assert (await it.health())["status"] == "The server is away."
    await run_until(it, lambda: status(desk).exported == 1)
    assert tries.read_text() == "xxx"
    assert (await it.health())["status"] == "ok"


@pytest.mark.parametrize(
    ("body", "reason"),
    [("os._exit(3)", "exit code 3"), ("os.kill(os.getpid(), 9)", "SIGKILL"), ("say(type='odd')", "exit code 0")],
)
async def test_a_process_that_dies_without_a_word_is_a_failure_by_name(
    desk: Desk, job_id: str, tmp_path: Path, body: str, reason: str
) -> None:
    await run_until(exporter(desk, tmp_path, body, retry_s=60), lambda: status(desk).failed == 1)
    assert reason in (status(desk).reason or "")


async def test_a_job_that_cannot_be_told_does_not_hold_up_the_others(desk: Desk, job_id: str, tmp_path: Path) -> None:
    other = desk.submit()
    _, claim = desk.claimed()
    desk.stores.jobs.record_progress(claim, Progress())
    desk.stores.jobs.fail(claim, error_message="boom", outcome=AttemptOutcome.ERROR)
    body = f"""
        if order["job_id"] == {job_id!r}:
            say(type="failed", message="too large")
        else:
            say(type="exported", run_id="run_2")
    """
    await run_until(exporter(desk, tmp_path, body), lambda: status(desk).exported == 1 and status(desk).failed == 1)
    assert desk.stores.jobs.get(other).error_message == "boom"
    assert status(desk).reason == "too large"


async def test_a_long_export_keeps_its_claim(tmp_path: Path) -> None:
    looks = 0
    now = START

    def clock() -> datetime:
        # claims and renewals look at it, and our exporter has made its only claim when its child runs
        nonlocal looks
        looks += 1
        return now

    desk = Desk(tmp_path, clock=clock)
    a_published_adapter(desk)
    begun, may_end = tmp_path / "begun", tmp_path / "may_end"
    body = f"""
        Path({str(begun)!r}).touch()
        while not Path({str(may_end)!r}).exists():
            time.sleep(0.01)
        say(type="exported", run_id="run_1")
    """
    task = asyncio.create_task(exporter(desk, tmp_path, body, lease_s=0.3).run())
    async with asyncio.timeout(60):
        await until(begun.exists)
        for _ in range(3):
            seen = looks
            await until(lambda seen=seen: looks > seen)
            now += timedelta(seconds=0.29)
        assert desk.stores.exports.claim(HERE, lease_s=1) is None
        may_end.touch()
        await until(lambda: status(desk).exported == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_process_gets_no_secret_of_the_service_but_those_of_the_server(
    desk: Desk, job_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "a")
    monkeypatch.setenv("CLARA_DATABASE_URL", "b")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "c")
    seen = tmp_path / "seen"
    body = f"""
        Path({str(seen)!r}).write_text(json.dumps(sorted(os.environ)))
        say(type="exported", run_id="run_1")
    """
    await run_until(exporter(desk, tmp_path, body), lambda: status(desk).exported == 1)
    names = json.loads(seen.read_text(encoding="utf-8"))
    assert "MLFLOW_TRACKING_PASSWORD" in names
    assert not {"POSTGRES_PASSWORD", "CLARA_DATABASE_URL"} & set(names)


async def test_a_service_that_stops_takes_its_process_along(desk: Desk, job_id: str, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    body = f"""
        Path({str(pid_file)!r}).write_text(f"{{os.getpid()}}.")
        time.sleep(3600)
    """
    it = exporter(desk, tmp_path, body)
    await run_until(it, lambda: pid_file.exists() and pid_file.read_text(encoding="utf-8").endswith("."))
    assert not is_alive(int(pid_file.read_text(encoding="utf-8").removesuffix(".")))
