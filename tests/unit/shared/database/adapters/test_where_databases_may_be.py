"""No address in the settings of a database leads to a metadata service, whatever a name server says."""

from collections.abc import Callable, Mapping

import pytest

from shared.database.adapters.chroma_connection import ChromaPlace
from shared.database.adapters.chromadb import ForeignChromaSource
from shared.database.adapters.couchdb import ForeignCouchSource
from shared.database.adapters.neo4j import ForeignNeo4jSource
from shared.database.adapters.postgres import ForeignPostgresSource
from shared.database.engine import open_engine, read_transaction
from shared.database.search_store import SearchSource
from shared.database.uds3.foreign import FieldMapping
from shared.errors import Unavailable
from tests.support.connection_counter import watching
from tests.support.hostile_urls import resolving

FIELDS = FieldMapping(id="id", text="text")
SOURCES: Mapping[str, Callable[[str], SearchSource]] = {
    "postgres": lambda host: ForeignPostgresSource("x", f"postgresql://{host}/db", table="t", mapping=FIELDS),
    "chroma": lambda host: ForeignChromaSource("x", ChromaPlace(host=host), "c", FIELDS),
    "neo4j": lambda host: ForeignNeo4jSource("x", f"bolt://{host}", "", "", label="L", mapping=FIELDS),
    "neo4j cluster": lambda host: ForeignNeo4jSource("x", f"neo4j://{host}", "", "", label="L", mapping=FIELDS),
    "couch": lambda host: ForeignCouchSource(f"http://{host}", None, None, name="x", database="d", mapping=FIELDS),
}


@pytest.mark.parametrize("host", ["metadata.test", "169.254.169.254"])
@pytest.mark.parametrize("kind", SOURCES)
def test_a_database_is_nowhere_that_nobody_may_connect_to(kind: str, host: str) -> None:
    with resolving(), watching() as connects:
        source = SOURCES[kind](host)
        told = source.check()
        source.close()

    assert "never allowed" in told
    assert connects.tried == []


def test_the_truth_is_nowhere_that_nobody_may_connect_to() -> None:
    engine = open_engine("postgresql://metadata.test/clara")
    with resolving(), pytest.raises(Unavailable, match="never allowed"), read_transaction(engine):
        pass
    engine.dispose()
