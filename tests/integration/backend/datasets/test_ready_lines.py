"""Lines that streams made, in a real service: found by the next stream, and without the words of what was erased."""

import time
from contextlib import suppress
from pathlib import Path

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
