"""The citation graph in Neo4j, or whatever else speaks Bolt and Cypher; how it is made of parts stands in `bolt`.

Administrators may look at it with Neo4j's own browser; the nodes bear labels of their own (`ClaraSection`), so that a
graph of somebody else in the same database is never touched. No body text is in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from shared.database.adapters.bolt import questions, schema, upkeep
from shared.database.adapters.bolt.around import around
from shared.database.adapters.bolt.foreign import ForeignGraph, search_words
from shared.database.adapters.bolt.link import BoltLink, Row, Statements, T, Work
from shared.database.adapters.bolt.rows import graph_rows
from shared.database.citations import asked_keys
from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection, newest_of_each
from shared.database.uds3.foreign import FieldMapping, excludes_source, foreign_section
from shared.errors import Unavailable
from shared.models.search import RankedList
from shared.utils.ids import new_id

_HELD_AT_ONCE = 500


class Neo4jStore:
    """Ranks by citations and structure; threads and processes may share it.

    Args:
        uri: Such as "bolt://host:7687" or "neo4j+s://host".
        database: None for the user's home database.
        timeout_s: Bound of a search and of a check, and of finding out whether the server is there at all.
        write_timeout_s: Bound of one transaction of upkeep.
    """

    name = "neo4j"
    lists = frozenset({RankedList.GRAPH, RankedList.CITATION})
    takes_vectors = False

    def __init__(
        self,
        uri: str,
        user: str,
        password: str,
        *,
        database: str | None = None,
        timeout_s: float = 1.5,
        write_timeout_s: float = 60.0,
    ) -> None:
        self._link = BoltLink(self.name, uri, user, password, database=database, timeout_s=timeout_s)
        self._write_timeout_s = write_timeout_s

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """See `SearchSource.rank`; the whole list is read before the first line is given."""

        async def work(statements: Statements) -> list[Row]:
            await schema.require_whole(statements, self.name)
            if wanted is RankedList.CITATION:
                return await questions.cited(statements, asked_keys(question.text), question.filters, top_k)
            return await around(statements, question.seeds, question.filters, top_k)

        for section_id, document_id, version, score in self._link.read(work):
            yield RankedSection(section_id, document_id, version, float(score))

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """See `SearchStore.apply_many`; small documents share a transaction, a large one has its own."""
        self._link.read(self._require_whole)
        return sum(self._apply(parcel) for parcel in upkeep.parcels(newest_of_each(changes)))

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """See `SearchStore.rebuild`; until it ends the graph says that it is not built."""
        token, count = new_id("build"), 0
        self._link.read(_run)  # a server that hangs shows within the short time-out
        for statement in schema.SCHEMA:
            self._write(partial(_run, text=statement))
        self._write(lambda statements: schema.begin_building(statements, token))
        while self._write(upkeep.drop_some):
            pass
        for parcel in upkeep.parcels(changes):
            self._put(newest_of_each(parcel), token)
            count += len(parcel)
        self._write(lambda statements: schema.finish_building(statements, self.name, token))
        return count

    def held(self) -> Iterator[HeldDocument]:
        """See `SearchStore.held`; read page by page."""
        self._link.read(self._require_whole)
        after = ""
        while page := self._held_page(after):
            yield from page
            after = page[-1].document_id

    def forget(self, document_ids: Sequence[str]) -> None:
        """See `SearchStore.forget`."""
        self._link.read(_run)
        for start in range(0, len(document_ids), _HELD_AT_ONCE):
            some = document_ids[start : start + _HELD_AT_ONCE]
            self._write(partial(upkeep.drop, document_ids=some))

    def check(self) -> str:
        """Return "ok", or why it cannot serve; within the time-out."""
        try:
            self._link.read(self._require_whole)
        except Unavailable as exc:
            return exc.message
        return "ok"

    def close(self) -> None:
        """Give connections back."""
        self._link.close()

    def _apply(self, parcel: list[DocumentChange]) -> int:
        changes = self._link.read(lambda statements: upkeep.wanted(statements, parcel), timeout_s=self._write_timeout_s)
        return self._put(changes) if changes else 0

    def _put(self, changes: list[DocumentChange], token: str = "") -> int:
        rows = graph_rows(changes)

        async def work(statements: Statements) -> int:
            if token:
                await schema.require_builder(statements, self.name, token)
            return await upkeep.replace(statements, changes, rows)

        return self._write(work)

    def _held_page(self, after: str) -> list[HeldDocument]:
        return self._link.read(
            lambda statements: upkeep.held_page(statements, after, _HELD_AT_ONCE), timeout_s=self._write_timeout_s
        )

    def _write(self, work: Work[T]) -> T:
        return self._link.write(work, timeout_s=self._write_timeout_s)

    async def _require_whole(self, statements: Statements) -> None:
        await schema.require_whole(statements, self.name)


class ForeignNeo4jSource:
    """Ranks nodes of somebody else's graph by the words they hold; never writes.

    Args:
        name: Unique among all sources.
        label: Of the nodes that are searched.
        mapping: Which of their properties means what.
        timeout_s: Bound of a search; a label of very many nodes without an index may need more than it.

    Raises:
        InvalidGraphName: If the label or a property cannot be a name.
    """

    lists = frozenset({RankedList.KEYWORD})

    def __init__(
        self,
        name: str,
        uri: str,
        user: str,
        password: str,
        *,
        label: str,
        mapping: FieldMapping,
        database: str | None = None,
        timeout_s: float = 1.5,
    ) -> None:
        self.name = name
        self._mapping = mapping
        self._graph = ForeignGraph(name, label, mapping)
        self._link = BoltLink(name, uri, user, password, database=database, timeout_s=timeout_s)

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """See `SearchSource.rank`; at most `MAX_HITS` sections, which come with their texts."""
        words = search_words(question.text)
        if not words or excludes_source(question.filters, self.name, self._mapping):
            return
        matching = self._link.read(lambda statements: self._graph.matching(statements, words, question.filters, top_k))
        for score, row in matching:
            yield foreign_section(self.name, row, score)

    def check(self) -> str:
        """Return "ok", or why it cannot serve; also that the graph does not look as the mapping says."""
        try:
            missing = self._link.read(self._graph.sample)
        except Unavailable as exc:
            return exc.message
        return (
            f"The source '{self.name}' does not fit its mapping: {missing}; correct the settings." if missing else "ok"
        )

    def close(self) -> None:
        """Give connections back."""
        self._link.close()


async def _run(statements: Statements, text: str = "RETURN 1") -> None:
    await statements.rows(text)
