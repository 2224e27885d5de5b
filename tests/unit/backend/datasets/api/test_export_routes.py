"""Exports over HTTP: many at once leave the service answering, and who goes away waits no longer."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from backend.common.blocking import DEFAULT_THREADS
from backend.datasets.api import routes
from backend.datasets.app import create_app
from backend.datasets.export_desk import ExportDesk, ExportTask
from backend.datasets.export_turns import ExportTurns
from backend.datasets.folders import DatasetFolders
from config.testing import TestingConfig
from shared.database.stores import memory_stores
from shared.storage import stage
from tests.support.built_versions import completed_version
from tests.support.legal_texts import candidates
from tests.support.live_server import live_server
from tests.support.services import client_of, small_app

FORMATS = ("csv", "json", "parquet", "jsonl", "huggingface")


class Exports:
    """A desk whose exports are written when they are let."""

    def __init__(self, tmp_path: Path, *, most_waiting: int = 64) -> None:
        self.stores = memory_stores()
        self.let = threading.Event()
        self.began: list[str] = []
        self.turns = ExportTurns(1, most_waiting=most_waiting)
        self.desk = ExportDesk(self.stores.datasets, self._write, self.turns)
        self.dataset_id = completed_version(self.stores.datasets, DatasetFolders(tmp_path), 1, candidates(3)).dataset_id
        self.path = f"/api/datasets/{self.dataset_id}/export"

    def state(self) -> Any:
        return SimpleNamespace(exports=self.desk, manager=SimpleNamespace(get=self.stores.datasets.get))

    def _write(self, task: ExportTask) -> None:
        self.began.append(task.target.name)
        self.let.wait(20)
        with stage(task.target) as staged:
            (staged.path / "told").write_text("x")
            staged.publish({})


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    return Exports(tmp_path)


@pytest.fixture
def address(exports: Exports) -> Iterator[str]:
    app = small_app([routes.router])
    app.state.datasets = exports.state()
    with live_server(app) as address:
        yield address
        exports.let.set()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_more_exports_than_threads_leave_the_service_answering(exports: Exports, address: str) -> None:
    count = DEFAULT_THREADS + 2
    orders = [{"format": FORMATS[0], "max_tokens": number} for number in range(1, count + 1)]
    with httpx.Client(base_url=address, timeout=20) as client, ThreadPoolExecutor(count) as senders:
        answers = [senders.submit(client.post, exports.path, json=order) for order in orders]
        _until(lambda: len(exports.turns._waiting) == count - 1)
        # a route that reads the database in a thread for requests
        assert client.post(exports.path, json={"format": "no such"}).status_code == 422
        exports.let.set()

        assert {answer.result().status_code for answer in answers} == {200}
    assert len(exports.began) == count


def test_who_goes_away_while_waiting_is_not_waited_for(exports: Exports, address: str) -> None:
    with httpx.Client(base_url=address, timeout=20) as client, ThreadPoolExecutor(2) as senders:
        first = senders.submit(client.post, exports.path, json={"format": "csv"})
        _until(lambda: exports.began == ["csv"])
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}{exports.path}", json={"format": "json"}, timeout=0.2)
        _until(lambda: not exports.turns._waiting)
        last = senders.submit(client.post, exports.path, json={"format": "jsonl"})
        exports.let.set()

        assert (first.result().status_code, last.result().status_code) == (200, 200)
    assert exports.began == ["csv", "jsonl"]


@pytest.mark.anyio
async def test_one_too_many_is_told_when_to_try_again(tmp_path: Path) -> None:
    exports = Exports(tmp_path / "data", most_waiting=0)
    exports.turns._free = 0
    app = create_app(TestingConfig(home=tmp_path / "home", security_mode="debug"))
    app.state.datasets = exports.state()
    async with client_of(app) as client:
        answer = await client.post(exports.path, json={"format": "csv"})

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_exports")
    assert int(answer.headers["retry-after"]) > 0
    assert exports.began == []
