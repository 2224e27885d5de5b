"""The ingest worker as a real process, with the client that supervises it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from backend.datasets.ingest.events import IngestEvent, IngestSummary
from backend.datasets.ingest.walk import SourceFile
from backend.datasets.ingest.worker_client import IngestUnavailable, IngestWorkerClient, WorkerLimits
from backend.datasets.search_stores import search_folder
from shared.database.adapters.embedded import EmbeddedSearchStore
from shared.database.stores import Stores, open_stores
from shared.models.search import RankedList
from tests.support.files import LAW
from tests.support.search import found

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

# reads like a worker whose parser dies, hangs or prints, depending on the file
POISON = """
import os, sys, time
from backend.datasets.ingest.readers.text_reader import TextReader
from backend.datasets.workers import ingest_worker

read = TextReader.read

def poisoned(self, stream, ctx):
    if "stirbt" in ctx.name:
        os.kill(os.getpid(), 11)
    if "haengt" in ctx.name:
        time.sleep(60)
    if "sucht" in ctx.name:
        ingest_worker.Uds3Client.drain = lambda *_, **__: os.kill(os.getpid(), 9)
    if "druckt" in ctx.name:
        print("ein Parser, der druckt")
    if "frisst" in ctx.name:
        bytearray(8 << 30)
    yield from read(self, stream, ctx)

TextReader.read = poisoned
sys.exit(ingest_worker.main())
"""


@pytest.fixture
def env(tmp_path: Path, sqlite_url: str) -> Mapping[str, str]:
    """Settings of a worker on a database of its own."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CLARA_ENVIRONMENT": "testing",
        "CLARA_HOME": str(tmp_path / "home"),
        "CLARA_DATABASE_URL": sqlite_url,
    }


@pytest.fixture
def stores(sqlite_url: str) -> Iterator[Stores]:
    opened = open_stores(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def spooled(spool: Path, **contents: str) -> list[SourceFile]:
    """Text files in the spool folder under numbers, named as given."""
    files = []
    for number, (name, content) in enumerate(contents.items()):
        (spool / str(number)).write_text(content)
        files.append(SourceFile(spool / str(number), f"{name}.txt"))
    return files


class Service:
    """What the dataset service does with a client: a scope that closes it."""

    def __init__(self, env: Mapping[str, str], spool: Path, *, poisoned: bool = False, **limits: float) -> None:
        command = (sys.executable, "-c", POISON) if poisoned else None
        options = {"command": command} if command else {}
        self.client = IngestWorkerClient(env=env, limits=WorkerLimits(**limits), **options)  # type: ignore[arg-type]  # memory_mb is an int
        self._spool = spool
        self.events: list[IngestEvent] = []

    async def __aenter__(self) -> "Service":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def ingest(self, files: Sequence[SourceFile]) -> IngestSummary:
        return await self.client.ingest(
            files, root=self._spool, source="amt", ingested_by="anna@amt.example", report=self.events.append
        )

    @property
    def pid(self) -> int:
        assert self.client._child is not None
        return self.client._child.pid


def names(stores: Stores) -> list[str]:
    """Paths of all documents."""
    return sorted(document.path for document in stores.documents.page(limit=100).items)


def test_files_are_registered_and_found_by_the_search(
    env: Mapping[str, str], stores: Stores, spool: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        async with Service(env, spool) as service:
            summary = await service.ingest(spooled(spool, erste="Der Hund", zweite="Die Katze"))
            assert summary.counts.documents_new == 2
            assert service.events[-1].counts == summary.counts
            again = await service.ingest(spooled(spool, erste="Der Hund", dritte="Ein Vogel"))
            assert (again.counts.documents_unchanged, again.counts.documents_new) == (1, 1)

    asyncio.run(story())

    assert names(stores) == ["dritte.txt", "erste.txt", "zweite.txt"]
    store = EmbeddedSearchStore(search_folder(tmp_path / "home") / "sections.db")
    assert len(found(store, RankedList.KEYWORD, "Hund Katze Vogel")) == 3
    assert list(stores.documents.outbox("embedded")) == []


def test_the_file_that_kills_the_worker_is_named_and_the_others_go_in(
    env: Mapping[str, str], stores: Stores, spool: Path
) -> None:
    async def story() -> None:
        async with Service(env, spool, poisoned=True) as service:
            files = spooled(spool, a="eins", stirbt="zwei", c="drei", stirbt_auch="vier", e="fünf")
            summary = await service.ingest(files)
            reasons = {problem.path: problem.reason for problem in summary.problems}
            assert list(reasons) == ["stirbt.txt", "stirbt_auch.txt"]
            assert "SIGSEGV" in reasons["stirbt.txt"]
            assert (summary.counts.documents_new, summary.counts.failed, summary.counts.files_done) == (3, 2, 5)
            assert summary.files_total == 5
            assert (await service.ingest(spooled(spool, f="sechs"))).counts.documents_new == 1

    asyncio.run(story())

    assert names(stores) == ["a.txt", "c.txt", "e.txt", "f.txt"]


def test_a_file_that_hangs_is_given_up(env: Mapping[str, str], stores: Stores, spool: Path) -> None:
    async def story() -> None:
        async with Service(env, spool, poisoned=True, file_timeout_s=1.0) as service:
            summary = await service.ingest(spooled(spool, haengt="x", b="y"))
            assert [(problem.path, "took longer" in problem.reason) for problem in summary.problems] == [
                ("haengt.txt", True)
            ]

    asyncio.run(story())

    assert names(stores) == ["b.txt"]


def test_a_file_that_needs_too_much_memory_fails_alone(env: Mapping[str, str], stores: Stores, spool: Path) -> None:
    async def story() -> None:
        async with Service(env, spool, poisoned=True, memory_mb=1024) as service:
            summary = await service.ingest(spooled(spool, frisst="x", b="y"))
            (problem,) = summary.problems
            assert (problem.path, problem.reason) == ("frisst.txt", "reading it needs more memory than allowed")

    asyncio.run(story())

    assert names(stores) == ["b.txt"]


def test_a_death_over_the_search_store_costs_no_file(env: Mapping[str, str], stores: Stores, spool: Path) -> None:
    async def story() -> None:
        async with Service(env, spool, poisoned=True) as service:
            summary = await service.ingest(spooled(spool, sucht="x"))
            assert (summary.problems, summary.counts.documents_new) == ((), 1)

    asyncio.run(story())

    assert names(stores) == ["sucht.txt"]
    assert len(stores.documents.outbox("embedded")) == 1


def test_what_a_parser_prints_is_no_answer(env: Mapping[str, str], stores: Stores, spool: Path) -> None:
    async def story() -> None:
        async with Service(env, spool, poisoned=True) as service:
            assert (await service.ingest(spooled(spool, druckt="x"))).counts.documents_new == 1

    asyncio.run(story())


def test_a_file_outside_of_the_spool_folder_is_refused(env: Mapping[str, str], spool: Path, tmp_path: Path) -> None:
    (tmp_path / "geheim").write_text("x")

    async def story() -> None:
        async with Service(env, spool) as service:
            with pytest.raises(IngestUnavailable, match="allowed folder"):
                await service.ingest([SourceFile(tmp_path / "geheim", "a.txt")])

    asyncio.run(story())


def test_a_worker_that_cannot_start_is_unavailable_and_no_fault_of_the_files(
    env: Mapping[str, str], spool: Path
) -> None:
    async def story() -> None:
        async with Service({**env, "CLARA_DATABASE_URL": "oracle://x"}, spool) as service:
            with pytest.raises(IngestUnavailable, match="does not start"):
                await service.ingest(spooled(spool, a="x"))

    asyncio.run(story())


def test_an_idle_worker_is_closed_and_comes_back(env: Mapping[str, str], spool: Path) -> None:
    async def story() -> None:
        async with Service(env, spool, idle_s=0.2) as service:
            await service.ingest(spooled(spool, a="x"))
            first = service.pid
            for _ in range(100):
                if not service.client.is_running:
                    break
                await asyncio.sleep(0.1)
            assert not service.client.is_running
            await service.ingest(spooled(spool, b="y"))
            assert service.pid != first

    asyncio.run(story())


def test_a_cancelled_ingest_leaves_no_worker_and_no_stale_answer(env: Mapping[str, str], spool: Path) -> None:
    async def story() -> None:
        async with Service(env, spool, poisoned=True) as service:
            running = asyncio.create_task(service.ingest(spooled(spool, haengt="x")))
            while not any(event.path == "haengt.txt" for event in service.events):
                await asyncio.sleep(0.05)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert not service.client.is_running
            assert (await service.ingest(spooled(spool, b="y"))).counts.documents_new == 1

    asyncio.run(story())


def test_requests_on_stdin_are_answered_before_its_end_ends_the_worker(
    env: Mapping[str, str], stores: Stores, spool: Path
) -> None:
    (spool / "1").write_text(LAW)
    request = {"root": str(spool), "source": "amt", "ingested_by": "anna", "files": [{"path": "1", "name": "h.md"}]}
    lines = f"kein JSON\n{json.dumps(request)}\n"

    done = subprocess.run(
        [sys.executable, "-m", "backend.datasets.workers.ingest_worker"],
        input=lines.encode(),
        env=dict(env),
        capture_output=True,
        timeout=60,
        check=True,
    )

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["type"] for answer in answers if answer["type"] != "event"] == [
        "ready",
        "error",
        "indexing",
        "indexing",
        "summary",
    ]
    assert answers[-1]["stores"] == {"embedded": "ok", "embedded_vectors": "ok"}
    assert names(stores) == ["h.md"]


def test_a_worker_whose_service_is_gone_does_not_hang_for_ever(env: Mapping[str, str], spool: Path) -> None:
    (spool / "1").write_text("x")
    request = {
        "root": str(spool),
        "source": "amt",
        "ingested_by": "anna",
        "files": [{"path": "1", "name": "haengt.txt"}],
    }

    done = subprocess.run(
        [sys.executable, "-c", POISON, "--linger-s", "0.5"],
        input=json.dumps(request).encode() + b"\n",
        env=dict(env),
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
