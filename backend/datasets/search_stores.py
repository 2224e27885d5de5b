"""Which search stores the settings describe, in which order they are asked, and what they are made with.

Databases that the settings configure answer first, those of the embedded stores that remain answer what no database
can, and stand in while one is down.
"""

from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from backend.common.security import outgoing_from
from backend.datasets.foreign_sources import open_sources
from backend.datasets.searching import DocumentSearch
from config import BaseConfig
from shared.database.adapters.embedded import EmbeddedSearchStore
from shared.database.base import DocumentStore
from shared.database.embeddings.base import Embedder, EmbeddingModel
from shared.database.embeddings.deferred import DeferredEmbedder
from shared.database.embeddings.factory import EmbeddingSettings, open_embedder
from shared.database.search_store import SearchStore
from shared.database.uds3.deferred import DeferredStore
from shared.database.uds3.fusion import LIST_WEIGHTS, LIST_WEIGHTS_OFFLINE
from shared.database.uds3_client import Uds3Client
from shared.errors import InvalidInput
from shared.models.search import RankedList
from shared.utils.heavy_imports import load

_TIMEOUT_S = 1.0
_NO_EMBEDDINGS = "none"
_EMPTY = "is empty: no document was registered yet"
CITATION, KEYWORD, COMPOUND, VECTOR, GRAPH = RankedList


class NoSearchStore(InvalidInput):
    """The settings leave nothing to search with."""

    code = "no_search_store"

    def __init__(self) -> None:
        super().__init__(
            "The settings switch the embedded search off and configure no database that could search instead: set "
            "CLARA_UDS3_EMBEDDED=true, or POSTGRES_HOST, CHROMA_HOST or NEO4J_URI."
        )


def open_search(config: BaseConfig, documents: DocumentStore) -> DocumentSearch:
    """The search over all stores; nothing is connected or read yet.

    Raises:
        InvalidInput: If the settings cannot be used; says which.
    """
    return DocumentSearch(open_client(config, documents), documents)


def open_client(config: BaseConfig, documents: DocumentStore) -> Uds3Client:
    """The stores behind one door; nothing is connected or read yet.

    Raises:
        InvalidInput: If the settings cannot be used; says which.
    """
    model = _embedding_settings(config)
    embedder = _embedder(config, model) if model else None
    foreign = open_sources(config.uds3_sources_file, timeout_s=_TIMEOUT_S)
    stores = [*_servers(config, embedder), *_embedded(config, embedder)]
    if not stores and not foreign:
        raise NoSearchStore
    weights = LIST_WEIGHTS_OFFLINE if model and model.is_offline_default else LIST_WEIGHTS
    return Uds3Client(documents, stores, foreign=foreign, embedder=embedder, list_weights=weights)


def fed_store_names(config: BaseConfig) -> tuple[str, ...]:
    """The stores that the outbox is kept for, without opening any."""
    has_vectors = config.embedding_model != _NO_EMBEDDINGS
    named = {
        "postgres": config.postgres_search and config.postgres_host,
        "chromadb": has_vectors and (config.chroma_host or config.chroma_path),
        "neo4j": config.neo4j_uri,
        "couchdb": config.couch_url,
        "embedded": config.uds3_embedded,
        "embedded_vectors": config.uds3_embedded and has_vectors,
    }
    return tuple(name for name, is_configured in named.items() if is_configured)


def _embedding_settings(config: BaseConfig) -> EmbeddingSettings | None:
    if config.embedding_model == _NO_EMBEDDINGS:
        return None
    return EmbeddingSettings(
        model=config.embedding_model,
        model_name=config.embedding_model_name,
        api_key=config.embedding_api_key,
        batch_size=config.embedding_batch_size,
        cache_mb=config.embedding_cache_mb,
        query_prefix=config.embedding_query_prefix,
        passage_prefix=config.embedding_passage_prefix,
        outgoing=outgoing_from(config.outgoing_allowed_list),
    )


def _embedder(config: BaseConfig, settings: EmbeddingSettings) -> Embedder:
    return DeferredEmbedder(lambda: open_embedder(settings, cache=config.data_dir / "cache" / "embeddings.db"))


def _servers(config: BaseConfig, embedder: Embedder | None) -> list[SearchStore]:
    """The databases of the settings, none of them opened yet."""
    stores: list[SearchStore] = []
    if config.postgres_search and config.postgres_host:
        stores.append(_later("postgres", (KEYWORD, COMPOUND, CITATION), lambda: _postgres(config)))
    if embedder is not None and (config.chroma_host or config.chroma_path):
        stores.append(_later("chromadb", (VECTOR,), lambda: _chroma(config, embedder.model)))
    if config.neo4j_uri:
        stores.append(_later("neo4j", (GRAPH, CITATION), lambda: _neo4j(config)))
    if config.couch_url:
        stores.append(_later("couchdb", (CITATION,), lambda: _couch(config)))
    return stores


def _embedded(config: BaseConfig, embedder: Embedder | None) -> list[SearchStore]:
    if not config.uds3_embedded:
        return []
    folder = search_folder(config.home)
    stores: list[SearchStore] = [EmbeddedSearchStore(folder / "sections.db", timeout_s=_TIMEOUT_S)]
    if embedder is not None:
        file = folder / "vectors.db"

        def make() -> SearchStore:
            from shared.database.adapters.embedded_vectors import EmbeddedVectorStore

            load("numpy")
            model = embedder.model
            return EmbeddedVectorStore(file, model.key, model.dimension, timeout_s=_TIMEOUT_S)

        # looked at by /health of a service that has no documents yet, and must stay small
        stores.append(_later("embedded_vectors", (VECTOR,), make, before=lambda: "" if file.exists() else _EMPTY))
    return stores


def _later(
    name: str, lists: tuple[RankedList, ...], make: Callable[[], SearchStore], *, before: Callable[[], str] = str
) -> SearchStore:
    return DeferredStore(name, frozenset(lists), make, takes_vectors=VECTOR in lists, before=before)


def _postgres(config: BaseConfig) -> SearchStore:
    from shared.database.adapters.postgres import PostgresSearchStore

    return PostgresSearchStore(config.postgres_dsn, timeout_s=_TIMEOUT_S)


def _chroma(config: BaseConfig, model: EmbeddingModel) -> SearchStore:
    from shared.database.adapters.chroma_connection import ChromaPlace
    from shared.database.adapters.chromadb import ChromaStore

    token = _plain(config.chroma_token)
    place = ChromaPlace(
        host=config.chroma_host or "",
        port=config.chroma_port,
        is_tls=config.chroma_ssl,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        folder=None if config.chroma_host else config.chroma_path,
    )
    return ChromaStore(place, model.key, model.dimension, timeout_s=_TIMEOUT_S)


def _neo4j(config: BaseConfig) -> SearchStore:
    from shared.database.adapters.neo4j import Neo4jStore

    return Neo4jStore(
        config.neo4j_uri or "",
        config.neo4j_user,
        _plain(config.neo4j_password),
        database=config.neo4j_database,
        timeout_s=_TIMEOUT_S,
    )


def _couch(config: BaseConfig) -> SearchStore:
    from shared.database.adapters.couchdb import CouchStore

    return CouchStore(
        _plain(config.couch_url),
        config.couch_user,
        _plain(config.couch_password) or None,
        database=config.couch_database,
        timeout_s=_TIMEOUT_S,
    )


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def search_folder(home: Path) -> Path:
    """Where the embedded search stores lie."""
    return home / "search"
