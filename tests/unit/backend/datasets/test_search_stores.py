"""Which search stores the settings describe."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.search_stores import NoSearchStore, _couch, fed_store_names, open_client, open_search
from config.testing import TestingConfig
from shared.database.stores import memory_stores
from shared.models.search import RankedList

ALL: dict[str, Any] = {
    "postgres_host": "db.amt.example",
    "chroma_host": "chroma.amt.example",
    "neo4j_uri": "bolt://graph.amt.example",
    "couch_url": "http://couch.amt.example",
}


def config(home: Path, **changes: Any) -> TestingConfig:
    """Settings on a folder."""
    return TestingConfig(home=home, **changes)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ("embedded", "embedded_vectors")),
        ({"embedding_model": "none"}, ("embedded",)),
        (ALL, ("postgres", "chromadb", "neo4j", "couchdb", "embedded", "embedded_vectors")),
        ({**ALL, "uds3_embedded": False}, ("postgres", "chromadb", "neo4j", "couchdb")),
        ({**ALL, "embedding_model": "none"}, ("postgres", "neo4j", "couchdb", "embedded")),
        ({**ALL, "postgres_search": False}, ("chromadb", "neo4j", "couchdb", "embedded", "embedded_vectors")),
        ({"couch_url": ""}, ("embedded", "embedded_vectors")),
        ({"chroma_path": Path("/srv/chroma")}, ("chromadb", "embedded", "embedded_vectors")),
    ],
)
def test_databases_that_are_configured_come_first_and_the_outbox_is_kept_for_each(
    tmp_path: Path, changes: dict[str, Any], names: tuple[str, ...]
) -> None:
    settings = config(tmp_path, **changes)

    client = open_client(settings, memory_stores().documents)

    assert client.fed_stores == fed_store_names(settings) == names
    client.close()


def test_settings_that_leave_nothing_to_search_with_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSearchStore, match="CLARA_UDS3_EMBEDDED"):
        open_client(config(tmp_path, uds3_embedded=False), memory_stores().documents)


@pytest.mark.parametrize(
    ("model", "weight"), [("", 0.003), ("hashed", 0.003), ("/srv/modelle/gebert", 0.3), ("http://gpu.amt.example", 0.3)]
)
def test_vectors_weigh_next_to_nothing_until_a_model_is_set(tmp_path: Path, model: str, weight: float) -> None:
    settings = config(tmp_path, embedding_model=model, embedding_model_name="gebert")

    client = open_client(settings, memory_stores().documents)

    assert client.list_weights[RankedList.VECTOR] == weight
    client.close()


def test_a_new_installation_answers_with_nothing_and_says_so(tmp_path: Path) -> None:
    search = open_search(config(tmp_path), memory_stores().documents)

    assert [search.catch_up(name) for name in search.fed_stores] == [0, 0]
    assert search.status() == {"embedded": "ok", "embedded_vectors": "is empty: no document was registered yet"}
    search.close()


def test_the_lists_are_those_that_the_stores_behind_them_have(tmp_path: Path) -> None:
    from shared.database.adapters.chromadb import ChromaStore
    from shared.database.adapters.couchdb import CouchStore
    from shared.database.adapters.embedded_vectors import EmbeddedVectorStore
    from shared.database.adapters.neo4j import Neo4jStore

    client = open_client(config(tmp_path, **ALL), memory_stores().documents)
    offered = {name: client.feeder(name).store for name in client.fed_stores}
    client.close()

    for kind in (ChromaStore, CouchStore, EmbeddedVectorStore, Neo4jStore):
        assert (offered[kind.name].lists, offered[kind.name].takes_vectors) == (kind.lists, kind.takes_vectors)
    # which lists PostgreSQL has is known when it has said whether it knows trigrams
    assert offered["postgres"].lists == {RankedList.KEYWORD, RankedList.COMPOUND, RankedList.CITATION}


def test_the_login_in_the_address_of_couchdb_arrives_where_it_is_needed(tmp_path: Path) -> None:
    from shared.database.adapters.couchdb import CouchStore

    store = _couch(config(tmp_path, couch_url="http://kim:geheim@couch.amt.example"))

    assert isinstance(store, CouchStore)
    assert store._server.user == "kim"
    assert store._server.place == "database 'clara_documents' at http://couch.amt.example"
    store.close()


def test_an_idle_service_loads_no_driver_and_no_numbers(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from backend.datasets.search_stores import open_search
from config.testing import TestingConfig
from shared.database.stores import memory_stores
config = TestingConfig(home=Path({str(tmp_path)!r}), neo4j_uri="bolt://x", chroma_host="x")
search = open_search(config, memory_stores().documents)
for name in ("embedded", "embedded_vectors"):
    search.catch_up(name)
print(sorted({{"numpy", "neo4j", "chromadb", "Stemmer", "httpx", "torch"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
