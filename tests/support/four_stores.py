"""The four real databases behind the search, each behind a proxy that can make it fail, and the truth before them."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from shared.database.adapters.chroma_connection import ChromaPlace
from shared.database.adapters.chromadb import ChromaStore
from shared.database.adapters.couchdb import CouchStore
from shared.database.adapters.neo4j import Neo4jStore
from shared.database.adapters.postgres import PostgresSearchStore
from shared.database.embeddings.hashed import HashedEmbedder
from shared.database.search_store import HeldDocument, SearchStore
from shared.database.stores import Stores, open_stores
from shared.database.uds3_client import Uds3Client
from tests.support import bolt_server, chroma_server, couch_server, postgres
from tests.support.fault_proxy import FaultProxy
from tests.support.live_server import free_port

NAMES = ("postgres", "chromadb", "neo4j", "couchdb")
_TIMEOUT_S = 1.0
_LITTLE_DIMENSION = 64


def missing() -> str:
    """Why the four cannot be started here; empty if they can."""
    absent = {
        "PostgreSQL": postgres.find_programs(),
        "ChromaDB": chroma_server.find_program(),
        "a Bolt server": bolt_server.find_package(),
        "pouchdb-server": couch_server.find_programs(),
    }
    names = [name for name, found in absent.items() if found is None]
    return f"not installed: {', '.join(names)} (python -m admin.scripts.test_servers)" if names else ""


@dataclass
class FourStores:
    """All of it running.

    Args:
        stores: The truth, whose outbox is kept for the four.
        client: On all four, through the proxies; nothing embedded stands in.
        proxies: Store -> what stands before its server.
        behind: Store -> the same store without a proxy, for looking at what it holds.
        settings: Environment of a process that is to use the same servers, without the proxies.
    """

    stores: Stores
    client: Uds3Client
    proxies: Mapping[str, FaultProxy]
    behind: Mapping[str, SearchStore]
    settings: Mapping[str, str]
    _ended: threading.Event = field(default_factory=threading.Event)
    _feeds: list[threading.Thread] = field(default_factory=list)

    def keep_fed(self, every_s: float = 0.2) -> None:
        """Feed each store from a thread of its own, as the service does, until `stop_feeding`."""

        def feed(name: str) -> None:
            while not self._ended.wait(every_s):
                self.client.drain_store(name)

        self._feeds = [threading.Thread(target=feed, args=(name,), daemon=True) for name in NAMES]
        for thread in self._feeds:
            thread.start()

    def stop_feeding(self) -> None:
        """End the threads."""
        self._ended.set()
        for thread in self._feeds:
            thread.join()

    def catch_up(self, within_s: float = 60.0) -> None:
        """Feed all four until nothing waits; what is slow on a busy machine is tried again, as the service does."""
        give_up = time.monotonic() + within_s
        while any(self.stores.documents.outbox_size(name) for name in NAMES) or set(self.client.status().values()) != {
            "ok"
        }:
            assert time.monotonic() < give_up, self.client.describe()
            self.client.drain()

    def truth(self) -> list[HeldDocument]:
        """What every store should hold."""
        return list(self.stores.documents.iter_held())

    def are_equal(self) -> bool:
        """Whether every store holds exactly the truth."""
        expected = self.truth()
        return all(list(store.held()) == expected for store in self.behind.values())


@contextmanager
def four_stores(folder: Path, url: str) -> Iterator[FourStores]:
    """Start everything on a truth at `url`; all of it is gone when the block is left.

    Raises:
        RuntimeError: If one of the servers is not installed.
    """
    if reason := missing():
        raise RuntimeError(reason)
    with ExitStack() as stack:
        makers, settings = _servers(stack, folder)
        proxies = {name: FaultProxy("127.0.0.1", port) for name, (port, _) in makers.items()}
        for proxy in proxies.values():
            stack.callback(proxy.close)
        reached = {name: make(proxies[name].port) for name, (_, make) in makers.items()}
        behind = {name: make(port) for name, (port, make) in makers.items()}
        stores = open_stores(url, derived_stores=NAMES)
        stack.callback(stores.close)
        embedder = HashedEmbedder(_LITTLE_DIMENSION)
        client = Uds3Client(stores.documents, [reached[name] for name in NAMES], embedder=embedder)
        stack.callback(client.close)
        for store in behind.values():
            stack.callback(store.close)
        yield FourStores(stores, client, proxies, behind, {**settings, "CLARA_DATABASE_URL": url})


def _servers(
    stack: ExitStack, folder: Path
) -> tuple[dict[str, tuple[int, Callable[[int], SearchStore]]], dict[str, str]]:
    """Store -> port of its server, and what opens it at a port; with the settings for all of them."""
    programs, package, pouchdb = postgres.find_programs(), bolt_server.find_package(), couch_server.find_programs()
    assert programs is not None
    assert package is not None
    assert pouchdb is not None
    postgres_port = free_port()
    server = stack.enter_context(postgres.running_server(programs, tcp_port=postgres_port))
    database = conninfo_to_dict(server.new_database())["dbname"]
    chroma = stack.enter_context(chroma_server.running_chroma(_made(folder / "chroma")))
    bolt = stack.enter_context(bolt_server.running_server(package))
    graph = bolt.new_database()
    couch = stack.enter_context(couch_server.running_couch(pouchdb, _made(folder / "couch")))
    model = HashedEmbedder(_LITTLE_DIMENSION).model
    settings = {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(postgres_port),
        "POSTGRES_USER": "clara",
        "POSTGRES_DATABASE": str(database),
        "CHROMA_HOST": "127.0.0.1",
        "CHROMA_PORT": str(chroma.port),
        "NEO4J_URI": bolt.uri,
        "NEO4J_USER": bolt_server.USER,
        "NEO4J_PASSWORD": bolt_server.PASSWORD,
        "NEO4J_DATABASE": graph,
        "COUCH_URL": couch.url,
        "COUCH_DATABASE": "clara_documents",
    }
    makers: dict[str, tuple[int, Callable[[int], SearchStore]]] = {
        "postgres": (
            postgres_port,
            lambda port: PostgresSearchStore(f"postgresql://clara@127.0.0.1:{port}/{database}", timeout_s=_TIMEOUT_S),
        ),
        "chromadb": (
            chroma.port,
            lambda port: ChromaStore(ChromaPlace(port=port), model.key, model.dimension, timeout_s=_TIMEOUT_S),
        ),
        "neo4j": (
            bolt.port,
            lambda port: Neo4jStore(
                f"bolt://127.0.0.1:{port}",
                bolt_server.USER,
                bolt_server.PASSWORD,
                database=graph,
                timeout_s=_TIMEOUT_S,
            ),
        ),
        "couchdb": (couch.port, lambda port: CouchStore(f"http://127.0.0.1:{port}", timeout_s=_TIMEOUT_S)),
    }
    return makers, settings


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
