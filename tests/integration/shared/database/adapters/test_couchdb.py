"""The CouchDB store on a real server: the contract, and what CouchDB alone can do wrong."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from shared.database.adapters.couch.courier import Deadline
from shared.database.adapters.couch.errors import CouchFailed
from shared.database.adapters.couch.server import CouchServer
from shared.database.adapters.couch.writing import DocumentWriter
from shared.database.adapters.couchdb import CouchStore
from shared.database.base import StoreNotBuilt
from shared.database.search_store import DocumentChange, SearchStore
from shared.models.search import RankedList
from tests.contracts.ranked_list_contracts import CitationListContract
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.couch_server import CouchServerProcess
from tests.support.search import a_change, a_law, an_erasure, found

# searches of a contract are about what is found; how long one may take on a busy machine is tested further down
PATIENT_S = 20.0


@pytest.fixture
def unbuilt_store(couch_server: CouchServerProcess) -> Iterator[SearchStore]:
    store = CouchStore(couch_server.url, database=couch_server.new_name(), timeout_s=PATIENT_S)
    yield store
    store.close()


class TestCouchStore(SearchStoreContract, CitationListContract):
    pass


@pytest.fixture
def database(couch_server: CouchServerProcess) -> str:
    return couch_server.new_name()


@pytest.fixture
def store(couch_server: CouchServerProcess, database: str) -> Iterator[CouchStore]:
    opened = CouchStore(couch_server.url, database=database, timeout_s=PATIENT_S)
    opened.rebuild([])
    yield opened
    opened.close()


def entries(couch_server: CouchServerProcess, database: str) -> dict[str, dict[str, Any]]:
    """All that stands in a database but design documents and the marker, by id."""
    rows = couch_server.ask("GET", f"/{database}/_all_docs?include_docs=true")["rows"]
    return {row["id"]: row["doc"] for row in rows if row["id"].startswith(("document:", "part:"))}


class Crash(Exception):
    """The process ended here."""


class DyingServer(CouchServer):
    """Dies instead of its n-th write, or after the first half of it: `_bulk_docs` is not atomic."""

    def __init__(self, url: str, database: str, *, dies_at: int, is_half_done: bool) -> None:
        super().__init__(url, None, None, database=database)
        self._left = dies_at
        self._is_half_done = is_half_done

    def put_all(self, documents: Sequence[Mapping[str, Any]], *, until: Deadline) -> dict[str, str]:
        if documents:
            self._left -= 1
        if documents and self._left == 0:
            if self._is_half_done:
                super().put_all(documents[: len(documents) // 2], until=until)
            raise Crash
        return super().put_all(documents, until=until)


def a_version(version: int) -> DocumentChange:
    """A law whose sections are cited alike in every version."""
    return a_law("doc_v", "VwVfG", "§ 1", "§ 2", "§ 3", text=f"Fassung {version}", version=version)


@pytest.mark.parametrize("is_half_done", [False, True], ids=["before", "halfway"])
@pytest.mark.parametrize("dies_at", [1, 2, 3], ids=["parts", "heads", "deletions"])
def test_whatever_a_crash_leaves_is_told_and_the_next_run_ends_it(
    couch_server: CouchServerProcess, database: str, store: CouchStore, dies_at: int, is_half_done: bool
) -> None:
    others = [a_law("doc_a", "AO", "§ 1"), a_law("doc_b", "BGB", "§ 1")]
    store.apply_many([a_version(1), *others])
    dying = DyingServer(couch_server.url, database, dies_at=dies_at, is_half_done=is_half_done)
    with pytest.raises(Crash):
        list(DocumentWriter(dying, within_s=PATIENT_S).bring([a_law("doc_a", "AO", "§ 1", version=2), a_version(2)]))
    dying.close()

    held = {each.document_id: each for each in store.held()}
    assert held["doc_v"].section_count == 3
    assert found(store, RankedList.CITATION, "§ 2 VwVfG") == [f"doc_v:{held['doc_v'].version}:1"]
    assert held["doc_v"].version == (2 if dies_at == 3 else 1)

    store.apply_many([a_law("doc_a", "AO", "§ 1", version=2), a_version(2)])
    assert [(each.version, each.section_count) for each in store.held()] == [(2, 1), (1, 1), (2, 3)]
    assert {entry["version"] for id_, entry in entries(couch_server, database).items() if "doc_v" in id_} == {2}


def test_the_loser_of_a_race_takes_back_what_it_wrote(
    couch_server: CouchServerProcess, database: str, store: CouchStore
) -> None:
    class OvertakenServer(CouchServer):
        """Somebody else writes a newer version just before our head."""

        def put_all(self, documents: Sequence[Mapping[str, Any]], *, until: Deadline) -> dict[str, str]:
            if documents and documents[0]["_id"] == "document:doc_v":
                store.apply_many([a_law("doc_v", "VwVfG", "§ 3", version=3)])
            return super().put_all(documents, until=until)

    store.apply_many([a_law("doc_v", "VwVfG", "§ 1")])
    slow = OvertakenServer(couch_server.url, None, None, database=database)

    assert sum(DocumentWriter(slow, within_s=PATIENT_S).bring([a_law("doc_v", "VwVfG", "§ 2", version=2)])) == 0
    slow.close()
    assert {entry["version"] for entry in entries(couch_server, database).values()} == {3}
    assert found(store, RankedList.CITATION, "§ 3 VwVfG") == ["doc_v:3:0"]


def test_the_text_of_an_erased_document_is_gone_even_where_no_head_named_it(
    couch_server: CouchServerProcess, database: str, store: CouchStore
) -> None:
    dying = DyingServer(couch_server.url, database, dies_at=2, is_half_done=False)
    with pytest.raises(Crash):
        list(DocumentWriter(dying, within_s=PATIENT_S).bring([a_change("doc_a", "geheim")]))
    dying.close()
    assert len(entries(couch_server, database)) == 1

    store.apply_many([an_erasure("doc_a", version=2)])

    assert "geheim" not in str(entries(couch_server, database))
    assert [each.is_erased for each in store.held()] == [True]


def test_what_people_do_by_hand_is_told_and_put_right(
    couch_server: CouchServerProcess, database: str, store: CouchStore
) -> None:
    laws = [a_law(f"doc_{n}", f"G{n}", "§ 1", "§ 2") for n in range(4)]
    store.apply_many(laws)
    parts = {id_: entry for id_, entry in entries(couch_server, database).items() if id_.startswith("part:")}
    deleted, edited, *_ = parts
    couch_server.ask("DELETE", f"/{database}/{quote(deleted)}?rev={parts[deleted]['_rev']}")
    couch_server.ask("PUT", f"/{database}/{quote(edited)}", {**parts[edited], "sections": []})
    head = entries(couch_server, database)["document:doc_2"]
    couch_server.ask("DELETE", f"/{database}/document:doc_2?rev={head['_rev']}")
    odd = {"title": "von Hand", "version": "drei", "parts": ["x", {"id": 1}], "replaced": 7, "ingested_at": "gestern"}
    couch_server.ask("PUT", f"/{database}/document:doc_9", odd)
    sections = [{"citation_keys": ["parǂ1ǂg3"], "ordinal": "x"}]
    couch_server.ask("PUT", f"/{database}/part:von-hand", {"type": "part", "sections": sections})
    couch_server.ask("PUT", f"/{database}/part:doc_9:x", {"type": "part", "document_id": "doc_9", "sections": sections})

    held = {each.document_id: (each.version, each.section_count) for each in store.held()}
    assert held == {"doc_0": (1, 0), "doc_1": (1, 0), "doc_3": (1, 2), "doc_9": (0, 0)}
    assert found(store, RankedList.CITATION, "§ 1 G0, § 1 G1, § 1 G2, § 1 G3") == ["doc_3:1:0"]

    assert store.apply_many(laws) == 3
    store.forget(["doc_9"])
    assert [each.section_count for each in store.held()] == [2, 2, 2, 2]
    assert len(found(store, RankedList.CITATION, "§ 1 G0, § 1 G1, § 1 G2, § 1 G3")) == 4


def test_nothing_gets_near_the_limit_of_a_document(
    couch_server: CouchServerProcess, database: str, store: CouchStore
) -> None:
    book = a_change("doc_a", "kurz", "§ 1 Recht und Gesetz. " * 60_000, "am Ende")
    store.apply_many([book])

    parts = [entry for id_, entry in entries(couch_server, database).items() if id_.startswith("part:")]
    assert max(len(json.dumps(part)) for part in parts) < 1_200_000
    assert "".join(each["text"] for part in parts for each in part["sections"] if each["ordinal"] == 1) == (
        book.sections[1].section.text
    )
    assert [each.section_count for each in store.held()] == [3]
    assert store.apply_many([book]) == 0


def test_a_head_shows_the_document_and_a_part_its_sections(
    couch_server: CouchServerProcess, database: str, store: CouchStore
) -> None:
    store.apply_many([a_law("doc_v", "VwVfG", "§ 35", text="Ein Verwaltungsakt")])

    shown = entries(couch_server, database)
    head = shown.pop("document:doc_v")
    assert (head["title"], head["source"], head["version"], head["sha256"]) == ("Titel", "amt", 1, "sha-doc_v-1")
    assert "kim@amt.example" not in str(head)
    (part,) = shown.values()
    assert part["sections"][0]["text"] == "Ein Verwaltungsakt"
    # by the law's abbreviation and by its title
    assert part["sections"][0]["citation_keys"] == ["parǂ35ǂvwvfg", "parǂ35ǂtitelǂtitel"]


def test_more_of_a_name_weighs_more(store: CouchStore) -> None:
    store.apply_many([a_law("doc_a", "AEG", "§ 5"), a_law("doc_b", "AEG 1994", "§ 5")])

    assert found(store, RankedList.CITATION, "§ 5 AEG 1994") == ["doc_b:1:0", "doc_a:1:0"]


def test_of_two_rebuilds_at_once_only_one_may_declare_the_store_whole(couch_server: CouchServerProcess) -> None:
    ours, theirs = (CouchStore(couch_server.url, database="test_rebuilds", timeout_s=PATIENT_S) for _ in range(2))

    def changes() -> Iterator[DocumentChange]:
        yield a_law("doc_a", "AO", "§ 1")
        theirs.rebuild([a_law("doc_b", "BGB", "§ 1")])

    with pytest.raises(CouchFailed, match="somebody else"):
        ours.rebuild(changes())
    ours.rebuild([a_law("doc_c", "StGB", "§ 1")])
    assert [each.document_id for each in theirs.held()] == ["doc_c"]
    ours.close()
    theirs.close()


def test_what_is_applied_while_the_store_is_rebuilt_is_not_acknowledged(
    couch_server: CouchServerProcess, database: str, store: CouchStore
) -> None:
    class Interrupted(list[DocumentChange]):
        def __iter__(self) -> Iterator[DocumentChange]:
            store.rebuild([])
            return super().__iter__()

    other = CouchStore(couch_server.url, database=database, timeout_s=PATIENT_S)
    with pytest.raises(StoreNotBuilt, match="rebuilt while"):
        other.apply_many(Interrupted([a_law("doc_a", "AO", "§ 1")]))
    other.close()


def test_what_is_not_ours_stays_in_the_database(
    couch_server: CouchServerProcess, database: str, store: CouchStore
) -> None:
    couch_server.ask("PUT", f"/{database}/zettel", {"text": "von jemand anderem"})

    store.rebuild([a_law("doc_a", "AO", "§ 1")])

    assert couch_server.ask("GET", f"/{database}/zettel")["text"] == "von jemand anderem"


def test_what_is_held_is_not_told_out_of_a_rebuild(store: CouchStore) -> None:
    store.apply_many([a_law("doc_a", "AO", "§ 1")])
    held = store.held()
    next(held)
    store.rebuild([])

    with pytest.raises(StoreNotBuilt, match="rebuilt while"):
        list(held)
