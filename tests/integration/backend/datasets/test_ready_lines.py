"""Lines that streams made, in a real service: found by the next stream, and without the words of what was erased."""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from backend.datasets.ready.file import ReadyFile
from shared.database.stores import open_stores
from shared.models.events import AuditEntry
from tests.support.dataset_service import DatasetService, an_order, running_service

_SECRET = "Satzung Nummer 2 "
_ENVIRONMENT = {"CLARA_EMBEDDING_MODEL": "none"}


def test_lines_outlive_the_service_and_those_of_an_erased_document_do_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with running_service(home, _ENVIRONMENT) as service:
        service.upload(3)
        made, looked_up = _streamed(service), _streamed(service)
        service.stop()
    assert made == looked_up
    assert _SECRET in made
    assert _SECRET.encode() in _kept(home)

    _erase_third_document(home)
    with running_service(home, _ENVIRONMENT) as service:
        deadline = time.monotonic() + 30
        while _SECRET.encode() in _kept(home):
            assert time.monotonic() < deadline, "the words of an erased document are still kept"
            time.sleep(0.05)
        left = _streamed(service)

    assert left.splitlines()[:-1] == [line for line in made.splitlines()[:-1] if _SECRET not in line]
    assert len(left.splitlines()) == 2 * 6 + 1


def test_new_documents_are_made_ready_before_anybody_streams_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with running_service(home, {**_ENVIRONMENT, "CLARA_STREAMING_PREPARE": "true"}) as service:
        service.upload(3)
        prepared = _prepared(home, documents=3)
        service.upload(4)
        also_new = _prepared(home, documents=4)
        streamed = _streamed(service)
        assert _put(home) == also_new
        # killed at any moment, or beside a build: the next one goes on
        service.create(split={"train": 1, "validation": 0, "test": 0})
    with running_service(home, _ENVIRONMENT) as service:
        for path in (home / "data" / "cache" / "streams").iterdir():
            # the first sweep closes files, and their logs go with that
            path.unlink(missing_ok=True)
        assert _streamed(service) == streamed

    assert prepared == 3 * 6
    assert also_new == 4 * 6


def _prepared(home: Path, *, documents: int) -> int:
    """How many sections are ready once all documents are."""
    deadline = time.monotonic() + 60
    while True:
        with suppress(StopIteration), ReadyFile(next((home / "data" / "cache" / "streams").glob("*.lines"))) as file:
            if len(list(file.whole_documents())) == documents:
                return _put(home)
        assert time.monotonic() < deadline, "the lines of new documents were not made"
        time.sleep(0.1)


def _put(home: Path) -> int:
    (path,) = (home / "data" / "cache" / "streams").glob("*.lines")
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM lines").fetchone()[0])


def _streamed(service: DatasetService) -> str:
    response = service.client.post("/api/datasets/stream", json=an_order())
    assert '"status":"complete"' in response.text
    return response.text


def _kept(home: Path) -> bytes:
    found = b""
    for each in (home / "data" / "cache" / "streams").iterdir():
        # logs come and go with their users
        with suppress(FileNotFoundError):
            found += each.read_bytes()
    return found


def _erase_third_document(home: Path) -> None:
    stores = open_stores(f"sqlite:///{home / 'clara.db'}")
    (document,) = [each for each in stores.documents.page().items if "Satzung 2 " in each.title]
    audit = AuditEntry("erase", "document", document.document_id, "anna")
    stores.documents.erase(document.document_id, audit=audit)
    stores.close()
