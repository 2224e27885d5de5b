"""The graph's shape: labels of our own, constraints that make `MERGE` safe, and a marker that says whether it is whole.

(ClaraSection)-[:OF]->(ClaraDocument)      (ClaraSection)-[:NEXT]->(ClaraSection)
(ClaraSection)-[:IS]->(ClaraNorm)          (ClaraSection)-[:CITES]->(ClaraNorm)
"""

from shared.database.adapters.bolt.link import Statements
from shared.database.base import StoreNotBuilt

SCHEMA_VERSION = 1
BUILDING, WHOLE = "building", "whole"
LABELS = ("ClaraSection", "ClaraNorm", "ClaraDocument")
# without uniqueness MERGE makes doubles under concurrency and reads every node of its label
SCHEMA = (
    "CREATE CONSTRAINT clara_graph_id IF NOT EXISTS FOR (n:ClaraGraph) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT clara_document_id IF NOT EXISTS FOR (n:ClaraDocument) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT clara_section_id IF NOT EXISTS FOR (n:ClaraSection) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT clara_norm_key IF NOT EXISTS FOR (n:ClaraNorm) REQUIRE n.key IS UNIQUE",
    "CREATE INDEX clara_section_document IF NOT EXISTS FOR (n:ClaraSection) ON (n.document_id)",
)
_MARKER = "MATCH (g:ClaraGraph {id: 'graph'}) RETURN g.version, g.state, g.token"
_BEGIN = "MERGE (g:ClaraGraph {id: 'graph'}) SET g.version = $version, g.state = $state, g.token = $token"
_FINISH = "MATCH (g:ClaraGraph {id: 'graph'}) WHERE g.token = $token SET g.state = $state RETURN g.state"


async def require_whole(statements: Statements, store: str) -> None:
    """Raise `StoreNotBuilt` unless the graph was built to its end by this release."""
    marker = await statements.rows(_MARKER)
    if not marker:
        raise StoreNotBuilt(store, "has not been built yet")
    version, state, _ = marker[0]
    if version != SCHEMA_VERSION:
        raise StoreNotBuilt(store, "was built by another release")
    if state != WHOLE:
        raise StoreNotBuilt(store, "is being built, or its building was cut short")


async def require_builder(statements: Statements, store: str, token: str) -> None:
    """Raise `StoreNotBuilt` if another rebuild began after the one with this token."""
    marker = await statements.rows(_MARKER)
    if not marker or marker[0][2] != token:
        raise StoreNotBuilt(store, "is being built by somebody else")


async def begin_building(statements: Statements, token: str) -> None:
    """From here on nobody takes the graph for whole, and older rebuilds stop."""
    await statements.rows(_BEGIN, {"version": SCHEMA_VERSION, "state": BUILDING, "token": token})


async def finish_building(statements: Statements, store: str, token: str) -> None:
    """The graph is whole, unless another rebuild began meanwhile."""
    if not await statements.rows(_FINISH, {"state": WHOLE, "token": token}):
        raise StoreNotBuilt(store, "is being built by somebody else")
