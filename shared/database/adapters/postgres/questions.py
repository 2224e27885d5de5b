"""From a question to the statement that answers it; the lexemes of the query are looked up on the way."""

from typing import TYPE_CHECKING, Any

from shared.database.adapters.postgres import ranking, schema
from shared.database.adapters.postgres.ranking import KnownLexeme
from shared.database.adapters.postgres.words import indexed_words
from shared.database.base import StoreNotBuilt
from shared.database.citations import asked_keys
from shared.database.search_store import Question
from shared.models.search import RankedList, SearchFilters

if TYPE_CHECKING:
    from shared.database.adapters.postgres.bounded import BoundedConnection

Statement = tuple[str, dict[str, Any]]
_MOST_WORDS = 5000  # of a query; each is looked up


class Questions:
    """Makes statements for the tables of one schema.

    Args:
        store: Name in errors.
        schema_name: Unquoted.
    """

    def __init__(self, store: str, schema_name: str) -> None:
        self._store = store
        self._names: dict[str, Any] = {
            "schema": schema.quoted(schema_name),
            "config": schema.configuration(schema_name),
            "block": schema.BLOCK,
            "unit": ranking.UNIT * ranking.UNIT,
            "again": ranking.LOOKED_AT_AGAIN,
        }

    def statement(
        self, connection: "BoundedConnection", wanted: RankedList, question: Question, top_k: int
    ) -> Statement | None:
        """SQL and parameters whose rows are the ranked list; None if nothing can match.

        Raises:
            StoreNotBuilt: If the tables are of another layout.
        """
        if wanted is RankedList.CITATION:
            return self._cited(connection, question, top_k)
        words = indexed_words(question.text)[:_MOST_WORDS]
        is_keyword = wanted is RankedList.KEYWORD
        worths = self._worths(connection, " ".join(words), top_k, is_keyword=is_keyword)
        if not worths:
            return None
        joined, values = self._filtered(question.filters)
        values |= {"lexemes": list(worths), "worths": list(worths.values())}
        values |= {"depth": max(top_k, ranking.LOOKED_AT_AGAIN), "top_k": top_k}
        if not is_keyword:
            return self.sql(ranking.SCORED + ranking.PLAIN_HITS, filtered=joined), values
        values["spelled"], values["exact"] = ranking.exact_spellings(words)
        return self.sql(ranking.SCORED + ranking.EXACT_HITS, filtered=joined), values

    def require_built(self, connection: "BoundedConnection") -> None:
        """Pass if the tables are there in our layout.

        Raises:
            StoreNotBuilt: If they are of another one.
        """
        self.section_count(connection.execute(self.sql(ranking.STATE)).fetchone())

    def section_count(self, state: tuple[Any, ...] | None) -> int:
        """The number of sections, from a row that begins with the state.

        Raises:
            StoreNotBuilt: If the tables are of another layout.
        """
        if state is None or state[0] != schema.VERSION:
            raise StoreNotBuilt(self._store, "was built by another release or not to the end")
        return int(state[1])

    def sql(self, statement: str, **more: str) -> str:
        """A statement with our names in it."""
        return statement.format(**self._names, **more)

    def _worths(self, connection: "BoundedConnection", words: str, top_k: int, *, is_keyword: bool) -> dict[str, int]:
        if is_keyword:
            rows = connection.execute(self.sql(ranking.KNOWN_LEXEMES), {"words": words}).fetchall()
        else:
            limits = {
                "shortest": ranking.SHORTEST_PIECE,
                "per_word": ranking.PIECES_PER_WORD,
                "most_words": ranking.WORDS_WITH_PIECES,
            }
            rows = connection.execute(self.sql(ranking.KNOWN_PIECES), {"words": words, **limits}).fetchall()
        section_count = self.section_count(rows[0] if rows else None)
        known = [KnownLexeme(row[2], int(row[3]), *row[4:]) for row in rows if row[2] is not None]
        room = ranking.MOST_POSTINGS if is_keyword else ranking.MOST_POSTINGS_OF_PIECES
        return ranking.chosen(known, section_count=section_count, depth=top_k, room=room)

    def _cited(self, connection: "BoundedConnection", question: Question, top_k: int) -> Statement | None:
        self.require_built(connection)
        keys = asked_keys(question.text)
        if not keys:
            return None
        clause, values = ranking.conditions(question.filters, section="x", document="d")
        values |= {"keys": list(keys), "weights": list(keys.values()), "top_k": top_k}
        return self.sql(ranking.CITED, conditions=clause), values

    def _filtered(self, filters: SearchFilters) -> Statement:
        clause, values = ranking.conditions(filters, section="f", document="g")
        return (self.sql(ranking.FILTERED, conditions=clause) if clause else ranking.UNFILTERED), values
