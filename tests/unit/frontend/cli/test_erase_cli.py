"""`clara erase` against the real routes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from backend.datasets.api import erasure_routes
from tests.support.cli import Clara
from tests.support.erasure_world import ErasureWorld
from tests.support.live_server import live_server
from tests.support.services import small_app

REASON = ("--reason", "Löschung nach Art. 17 DSGVO")


@pytest.fixture
def world(tmp_path: Path) -> ErasureWorld:
    return ErasureWorld(tmp_path)


@pytest.fixture
def clara(world: ErasureWorld) -> Iterator[Clara]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.datasets = SimpleNamespace(erasing=world.desk)
        yield

    with live_server(small_app([erasure_routes.router], lifespan=lifespan)) as url:
        yield Clara(url)


def test_a_dry_run_names_what_has_seen_a_document_and_erases_nothing(clara: Clara, world: ErasureWorld) -> None:
    gone = world.ids[0]
    shown = clara("erase", gone, "--dry-run")

    assert shown.exit_code == 0, shown.output
    for part in (gone, "0.md", world.dataset.dataset_id, "completed; jsonl"):
        assert part in shown.stdout
    assert "Nothing was erased." in shown.output
    answer = clara.json("erase", "--subject", gone, "--dry-run")
    assert answer["is_dry_run"]
    (document,) = answer["documents"]
    assert (document["is_erased"], document["datasets"][0]["is_withdrawn"]) == (False, False)
    assert world.stores.documents.get(gone)


def test_documents_are_erased_and_what_is_left_is_said(clara: Clara, world: ErasureWorld) -> None:
    first, second, kept = world.ids
    world.search.is_away = True
    shown = clara("erase", first, *REASON, "--yes", env={"CLARA_LANG": "de"})

    assert shown.exit_code == 0, shown.output
    for part in (
        "(gelöscht)",
        "zurückgezogen; jsonl",
        "1 Dokumente sind gelöscht",
        "clara datasets delete",
        "embedded",
    ):
        assert part in shown.output
    # one that is erased already does not stop the others
    answer = clara.json("erase", first, second, second, *REASON, "--yes")
    assert [each["is_new"] for each in answer["documents"]] == [False, True]
    assert answer["documents"][1]["data"]["datasets"][0]["records"]
    assert [each.document_id for each in world.stores.documents.page().items] == [kept]


def test_erasing_needs_documents_a_reason_and_a_yes(clara: Clara, world: ErasureWorld) -> None:
    gone = world.ids[0]

    for arguments in (("--yes", *REASON), (gone, "--yes"), (gone, *REASON)):
        refused = clara("erase", *arguments)
        assert refused.exit_code == 2, refused.output
    assert clara("erase", gone, "--reason", "x", "--yes").exit_code == 2
    assert world.stores.documents.count() == 3


def test_one_wrong_id_stops_it_before_anything_is_gone(clara: Clara, world: ErasureWorld) -> None:
    assert clara("erase", world.ids[0], "doc_0", *REASON, "--yes").exit_code == 4
    assert world.stores.documents.count() == 3


def test_it_explains_itself_with_examples() -> None:
    assert "clara erase doc_" in Clara("http://127.0.0.1:1")("erase", "--help").stdout
