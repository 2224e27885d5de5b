"""What an order names, from the settings: the laws to make queries of, and the search that is put under test."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from backend.datasets.search_evaluation.base_set import built_in_sets
from backend.datasets.search_evaluation.corpora.laws import Corpus, laws_at, registered_laws
from backend.datasets.search_evaluation.run import Order
from backend.datasets.search_evaluation.searcher import Searcher
from backend.datasets.search_evaluation.searchers import ClientSearcher, EvaluationTruth, fill_from
from backend.datasets.search_stores import fed_store_names, open_client
from config import BaseConfig
from shared.database.base import DocumentStore
from shared.errors import InvalidInput

CONFIGURED = "configured"
_ONLY_EMBEDDED = {
    "uds3_embedded": True,
    "uds3_sources_file": None,
    "postgres_host": None,
    "chroma_host": None,
    "chroma_path": None,
    "neo4j_uri": None,
    "couch_url": None,
}


class NeedsOwnIndex(InvalidInput):
    """What is asked searches among other documents than the registered ones."""

    code = "needs_own_index"

    def __init__(self, what: str, possible: Sequence[str]) -> None:
        super().__init__(
            f"{what} cannot be asked of the configured stores, which hold the registered documents and are not filled "
            f"with others for an evaluation. Possible there: {', '.join(possible)} without --laws. With "
            "--store embedded everything can be asked, of stores in a temporary folder.",
        )


def documents_opener(config: BaseConfig, opened: ExitStack) -> Callable[[], DocumentStore]:
    """What opens the registered documents, once, when they are first needed."""

    def open_documents() -> DocumentStore:
        from shared.database.stores import open_stores

        stores = open_stores(config.database_url_resolved, derived_stores=fed_store_names(config))
        opened.callback(stores.close)
        return stores.documents

    return cache(open_documents)


def corpus_of(laws: Path | None, open_documents: Callable[[], DocumentStore]) -> Corpus:
    """The laws of a folder or tar, else the registered documents.

    Raises:
        UnusableSet: If there are no laws.
    """
    return laws_at(laws) if laws is not None else registered_laws(open_documents)


def opener_of(
    store: str,
    laws: Path | None,
    order: Order,
    config: BaseConfig,
    open_documents: Callable[[], DocumentStore],
    opened: ExitStack,
) -> Callable[[], Searcher]:
    """What opens the search under test, anew for every index.

    Raises:
        NeedsOwnIndex: If the configured stores are to answer what they cannot hold.
    """
    if store == CONFIGURED:
        _require_registered(laws, order.what)
        return lambda: _configured(order, config, open_documents())
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="clara-search-")))
    return lambda: _embedded(Path(tempfile.mkdtemp(dir=folder)), order, config)


def _embedded(home: Path, order: Order, config: BaseConfig) -> Searcher:
    """The embedded stores in a folder of their own, with the embedding model of the settings."""
    own = config.model_copy(update={**_ONLY_EMBEDDED, "home": home})
    truth = EvaluationTruth()
    client = open_client(own, truth)
    described = {"store": "embedded", "embedding_model": str(config.embedding_model)}
    return ClientSearcher(client, fill_from(truth, client), weights=order.options.weights, described=described)


def _configured(order: Order, config: BaseConfig, documents: DocumentStore) -> Searcher:
    """The stores of the settings as they stand."""
    client = open_client(config, documents)
    described = {"store": CONFIGURED, "embedding_model": str(config.embedding_model)}
    return ClientSearcher(
        client,
        lambda registered: sum(len(change.sections) for change in registered()),
        weights=order.options.weights,
        described=described,
    )


def _require_registered(laws: Path | None, what: Sequence[str]) -> None:
    known = built_in_sets()
    possible = [name for name, each in known.items() if not each.needs_own_index]
    if laws is not None:
        raise NeedsOwnIndex(str(laws), possible)
    for name in what or known:
        if name not in possible:
            raise NeedsOwnIndex(name, possible)
