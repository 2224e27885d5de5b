"""Tables or views of others in PostgreSQL, searched by their words and never written."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.database.adapters.postgres.connections import Connections
from shared.database.adapters.postgres.errors import PostgresFailed
from shared.database.adapters.postgres.ranking import storable
from shared.database.adapters.postgres.words import indexed_words
from shared.database.search_store import Question, RankedSection
from shared.database.uds3.foreign import FieldMapping, excludes_source, foreign_section
from shared.models.search import RankedList, SearchFilters

if TYPE_CHECKING:
    from psycopg.sql import Composable, Composed

    from shared.database.adapters.postgres.bounded import BoundedConnection

_MOST_WORDS = 64  # a longer query asks for everything, and each word is looked up
# OR of single words: `plainto_tsquery` wants all of them and finds nothing for four questions in five
_ASKED = """
SELECT string_agg(lexeme, ' | ') FROM (
    SELECT DISTINCT quote_literal(lexeme) AS lexeme
    FROM unnest(to_tsvector('pg_catalog.german', %(words)s)) ORDER BY 1 LIMIT %(most)s
) x
"""


class ForeignPostgresSource:
    """Ranks the rows of a table by `ts_rank`, in transactions that can only read.

    Args:
        name: How the source is called in hits, filters and messages.
        dsn: Of libpq; a user with SELECT on the table is enough.
        table: Name of the table or view, with its schema in front if it is not on the search path ("akten.bescheide").
        mapping: Its columns.
        vector_column: A `tsvector` of the configuration `german`, with an index if possible; empty: texts are turned
            into one for every search, which only small tables allow within the time-out.
        timeout_s: The longest a call may take, connecting included.
    """

    lists = frozenset({RankedList.KEYWORD})

    def __init__(
        self,
        name: str,
        dsn: str,
        *,
        table: str,
        mapping: FieldMapping,
        vector_column: str = "",
        timeout_s: float = 1.5,
    ) -> None:
        self.name = name
        self._table = table
        self._mapping = mapping
        self._vector_column = vector_column
        self._connections = Connections(name, dsn, timeout_s=timeout_s, is_read_only=True)

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """See `SearchSource.rank`; a long result holds a connection until it is read or left."""
        words = " ".join(dict.fromkeys(indexed_words(question.text)))
        if not words or excludes_source(question.filters, self.name, self._mapping):
            return
        with self._connections.use("rank rows") as connection:
            query = self._asked(connection, words)
            if not query:
                return
            statement, values = self._statement(question.filters)
            values |= {"query": query, "top_k": top_k}
            rows = self._connections.rows(connection, statement, values, most=top_k)
            if not isinstance(rows, list):
                yield from map(self._hit, rows)
                return
        yield from map(self._hit, rows)

    def check(self) -> str:
        """See `SearchSource.check`: whether the table and all mapped columns can be read."""
        from psycopg import sql

        try:
            with self._connections.use("say whether the table can be read") as connection:
                columns = [*self._mapping.named().values(), *([self._vector_column] if self._vector_column else [])]
                listed = sql.SQL(", ").join(sql.Identifier(each) for each in columns)
                connection.execute(sql.SQL("SELECT {} FROM {} LIMIT 1").format(listed, self._named_table()))
        except PostgresFailed as exc:
            return exc.message
        return "ok"

    def close(self) -> None:
        """See `SearchSource.close`."""
        self._connections.close()

    def _asked(self, connection: "BoundedConnection", words: str) -> str:
        row = connection.execute(_ASKED, {"words": words, "most": _MOST_WORDS}).fetchone()
        return str(row[0]) if row and row[0] else ""

    def _statement(self, filters: SearchFilters) -> "tuple[Composed, dict[str, Any]]":
        from psycopg import sql

        named = self._mapping.named()
        columns = sql.SQL(", ").join(sql.Identifier("t", column) for column in named.values())
        vector = self._vector()
        conditions, values = self._conditions(filters)
        statement = sql.SQL(
            "SELECT {columns}, ts_rank({vector}, %(query)s::tsquery, 1)::float8 AS score FROM {table} t "
            "WHERE {vector} @@ %(query)s::tsquery{conditions} "
            'ORDER BY score DESC, {id}::text COLLATE "C" LIMIT %(top_k)s'
        ).format(
            columns=columns,
            vector=vector,
            table=self._named_table(),
            conditions=sql.SQL("").join(conditions),
            id=sql.Identifier("t", self._mapping.id),
        )
        return statement, values

    def _vector(self) -> "Composable":
        """What is searched: the column that is there for it, or heading, title and text as they are now."""
        from psycopg import sql

        if self._vector_column:
            return sql.Identifier("t", self._vector_column)
        named = self._mapping.named()
        texts = [sql.Identifier("t", named[each]) for each in ("heading", "title", "text") if each in named]
        joined = sql.SQL(", ").join(sql.SQL("{}::text").format(text) for text in texts)
        return sql.SQL("to_tsvector('pg_catalog.german', concat_ws(' ', {}))").format(joined)

    def _conditions(self, filters: SearchFilters) -> "tuple[list[Composable], dict[str, Any]]":
        from psycopg import sql

        named = self._mapping.named()
        parts: list[Composable] = []
        values: dict[str, Any] = {}

        def add(template: str, field: str, **given: Any) -> None:
            if field in named:
                parts.append(sql.SQL(" AND " + template).format(column=sql.Identifier("t", named[field])))
                values.update(given)

        if filters.media_type:
            add("{column}::text = ANY (%(media)s::text[])", "media_type", media=list(map(storable, filters.media_type)))
        if filters.abbreviation:
            add("{column}::text = ANY (%(law)s::text[])", "abbreviation", law=list(map(storable, filters.abbreviation)))
        if filters.valid_on:
            add("({column} IS NULL OR {column}::date <= %(day)s)", "valid_from", day=filters.valid_on)
            add("({column} IS NULL OR %(day)s <= {column}::date)", "valid_to", day=filters.valid_on)
        if filters.ingested_from:
            add("{column} >= %(start)s", "ingested_at", start=filters.ingested_from)
        if filters.ingested_until:
            add("{column} < %(end)s", "ingested_at", end=filters.ingested_until)
        return parts, values

    def _hit(self, row: tuple[Any, ...]) -> RankedSection:
        return foreign_section(self.name, dict(zip(self._mapping.named(), row, strict=False)), row[-1])

    def _named_table(self) -> "Composable":
        from psycopg import sql

        return sql.Identifier(*self._table.split("."))
