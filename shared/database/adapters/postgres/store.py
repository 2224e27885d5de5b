"""The search store in PostgreSQL: its life, its answers and its upkeep."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared.database.adapters.postgres import building, schema
from shared.database.adapters.postgres.connections import Connections, Row, server_limits
from shared.database.adapters.postgres.errors import PostgresFailed
from shared.database.adapters.postgres.questions import Questions
from shared.database.adapters.postgres.writing import Writer, batches
from shared.database.base import StoreNotBuilt
from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection
from shared.models.search import RankedList

if TYPE_CHECKING:
    from shared.database.adapters.postgres.bounded import BoundedConnection

_PAGE = 1000
# what is found counts: a section without its vectors is not
_HELD = """
SELECT d.document_id, d.version, d.sha256,
    (SELECT count(*) FROM {schema}.sections s JOIN {schema}.vectors v USING (section) WHERE s.document = d.document),
    d.is_erased
FROM {schema}.documents d WHERE d.document_id > %s ORDER BY d.document_id LIMIT %s
"""
_PROBE = """
SELECT s.version, s.section_count FROM {schema}.state s
LEFT JOIN (SELECT 1 FROM {schema}.documents LIMIT 1) a ON true
LEFT JOIN (SELECT 1 FROM {schema}.sections LIMIT 1) b ON true
LEFT JOIN (SELECT 1 FROM {schema}.vectors LIMIT 1) c ON true
LEFT JOIN (SELECT 1 FROM {schema}.postings LIMIT 1) d ON true
LEFT JOIN (SELECT 1 FROM {schema}.lexemes LIMIT 1) e ON true
"""


class PostgresSearchStore:
    """Ranks by words, by pieces of long words and by citations; threads and processes may share a schema.

    Args:
        dsn: Of libpq; nothing is connected before it is needed.
        schema: Where our tables are. Nothing outside of it is touched but the names with "_new" and "_old" behind it,
            which a rebuild uses, and the extension pg_trgm, which is added where it can be had.
        timeout_s: The longest that a search or a check may take, connecting included.
        write_timeout_s: The longest that one statement which writes may take, or the wait for other writers.
    """

    name = "postgres"
    lists = frozenset({RankedList.KEYWORD, RankedList.COMPOUND, RankedList.CITATION})
    takes_vectors = False

    def __init__(
        self, dsn: str, *, schema: str = "clara_search", timeout_s: float = 1.5, write_timeout_s: float = 60.0
    ) -> None:
        self._schema = schema
        self._write_timeout_s = write_timeout_s
        self._connections = Connections(self.name, dsn, timeout_s=timeout_s)
        self._questions = Questions(self.name, schema)

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """See `SearchSource.rank`; a long result holds a connection until it is read or left."""
        with self._asking("rank sections") as connection:
            statement = self._questions.statement(connection, wanted, question, top_k)
            if statement is None:
                return
            rows = self._connections.rows(connection, *statement, most=top_k)
            if not isinstance(rows, list):
                yield from map(_hit, rows)
                return
        yield from map(_hit, rows)

    def check(self) -> str:
        """See `SearchSource.check`."""
        try:
            with self._asking("say whether it can search") as connection:
                self._questions.section_count(connection.execute(self._questions.sql(_PROBE)).fetchone())
        except (PostgresFailed, StoreNotBuilt) as exc:
            return exc.message
        return "ok"

    def close(self) -> None:
        """See `SearchSource.close`."""
        self._connections.close()

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """See `SearchStore.apply_many`; some documents at a time are written in one transaction."""
        count = 0
        for batch in batches(changes) if changes else iter([[]]):
            with self._writing("take documents") as connection:
                self._questions.require_built(connection)
                count += self._writer(connection, self._schema).put(batch)
        return count

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """See `SearchStore.rebuild`; searches see the old state until the new one is whole."""
        count, staged = 0, f"{self._schema}_new"
        with self._connections.use("be rebuilt", self._write_timeout_s) as connection:
            try:
                self._limit(connection, "SET")
                # what others acknowledged before is in the truth, which is read from here on
                self._lock(connection, "pg_advisory_lock")
                building.create(connection, staged)
                for batch in batches(changes):
                    self._connections.prolong(connection, self._write_timeout_s)  # the changes may have taken theirs
                    with connection.transaction():
                        self._writer(connection, staged).put(batch)
                    count += len(batch)
                self._connections.prolong(connection, self._write_timeout_s)
                building.publish(connection, staged, self._schema)
            finally:
                connection.close()  # and with it the lock and the limits
        return count

    def held(self) -> Iterator[HeldDocument]:
        """See `SearchStore.held`; read in pages, nothing is kept open between them."""
        last = ""
        while True:
            with self._asking("tell what it holds") as connection:
                self._questions.require_built(connection)
                rows = connection.execute(self._questions.sql(_HELD), (last, _PAGE)).fetchall()
            yield from (HeldDocument(*row) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1][0]

    def forget(self, document_ids: Sequence[str]) -> None:
        """See `SearchStore.forget`."""
        with self._writing("forget documents") as connection:
            self._writer(connection, self._schema).forget(document_ids)

    @contextmanager
    def _asking(self, asked: str) -> "Iterator[BoundedConnection]":
        with self._built_or_not(), self._connections.use(asked) as connection:
            yield connection

    @contextmanager
    def _writing(self, asked: str) -> "Iterator[BoundedConnection]":
        """A transaction of the one writer that there is at a time."""
        with (
            self._built_or_not(),
            self._connections.use(asked, self._write_timeout_s) as connection,
            connection.transaction(),
        ):
            self._limit(connection, "SET LOCAL")
            self._lock(connection, "pg_advisory_xact_lock")
            yield connection

    @contextmanager
    def _built_or_not(self) -> Iterator[None]:
        try:
            yield
        except PostgresFailed as exc:
            if exc.is_missing_schema:
                raise StoreNotBuilt(self.name, "has not been built yet") from exc
            raise

    def _limit(self, connection: "BoundedConnection", command: str) -> None:
        for setting, value in server_limits(self._write_timeout_s).items():
            connection.execute(f"{command} {setting} = {value}")

    def _lock(self, connection: "BoundedConnection", function: str) -> None:
        connection.execute(f"SELECT {function}(hashtextextended(%s, 0))", (f"clara search {self._schema}",))

    def _writer(self, connection: "BoundedConnection", name: str) -> Writer:
        def prolong() -> None:
            self._connections.prolong(connection, self._write_timeout_s)

        return Writer(connection, schema.quoted(name), schema.configuration(name), prolong)


def _hit(row: Row) -> RankedSection:
    section_id, score = row
    document_id, version, _ = section_id.rsplit(":", 2)
    return RankedSection(section_id, document_id, int(version), score)
