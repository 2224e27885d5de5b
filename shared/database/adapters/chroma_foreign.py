"""Collections of users in ChromaDB, which are only read: by nearness where an embedder fits, else by words."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.database.adapters.chroma_connection import ChromaConnection, ChromaFailed, ChromaPlace, NoSuchCollection
from shared.database.adapters.chroma_where import joined
from shared.database.embeddings.base import Embedder
from shared.database.search_store import Question, RankedSection
from shared.database.uds3.foreign import FieldMapping, excludes_source, foreign_section
from shared.errors import Unavailable
from shared.models.search import RankedList, SearchFilters

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_DEEPEST = 10_000
_DIGITS = 5
_WORDS = 16
_SIFTED = 4
"""So many times as many records are asked for where some are sifted out here."""


class ForeignChromaSource:
    """A collection of a user, which is only searched: by nearness where an embedder fits, else by words.

    Args:
        name: Of the source, as users see it.
        place: A server; opening a folder would write into it.
        collection: Its name on the server.
        mapping: Metadata keys; `id` and `text` may be empty: Chroma's own id and document are meant then.
        embedder: Of the model that the collection was filled with; None: the collection answers a keyword list.
    """

    def __init__(
        self,
        name: str,
        place: ChromaPlace,
        collection: str,
        mapping: FieldMapping,
        *,
        embedder: Embedder | None = None,
        timeout_s: float = 1.5,
    ) -> None:
        if place.folder is not None:
            raise ValueError(f"'{name}' is a folder, and opening one writes into it; start a Chroma server on a copy")
        self.name = name
        self.lists = frozenset({RankedList.KEYWORD if embedder is None else RankedList.VECTOR})
        self._connection = ChromaConnection(place, timeout_s=timeout_s)
        self._collection_name = collection
        self._mapping = mapping
        self._embedder = embedder

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """Best records first; filters that the collection cannot judge let nothing pass."""
        if wanted not in self.lists:
            raise ValueError(f"the source '{self.name}' does not answer the list '{wanted}'")
        if top_k < 1 or excludes_source(question.filters, self.name, self._mapping):
            return
        filters = question.filters
        is_sifted = filters.valid_on or filters.ingested_from or filters.ingested_until or self._embedder is None
        count = min(_SIFTED * top_k if is_sifted else top_k, _DEEPEST)
        found = self._near(question, count) if self._embedder else self._worded(question, count)
        kept = [hit for hit in found if hit is not None and hit.score > 0]
        yield from sorted(kept, key=lambda hit: (-hit.score, hit.section_id))[:top_k]

    def check(self) -> str:
        """Return "ok", or why the collection cannot be searched."""
        try:
            self._asked(lambda collection: collection.count())
        except Unavailable as exc:
            return exc.message
        return "ok"

    def close(self) -> None:
        """Give connections back."""
        self._connection.close()

    def _near(self, question: Question, count: int) -> Iterator[RankedSection | None]:
        if self._embedder is None:
            raise ValueError(f"the source '{self.name}' has no embedder")
        vector = self._embedder.embed_query(question.text).tolist()
        condition = self._where(question.filters)
        answer = self._asked(
            lambda collection: collection.query(
                query_embeddings=[vector],
                n_results=count,
                where=condition,
                include=["distances", "documents", "metadatas"],
            )
        )
        columns = (answer["ids"][0], answer["documents"][0], answer["metadatas"][0], answer["distances"][0])
        for native_id, text, metadata, distance in zip(*columns, strict=True):
            # of any of Chroma's measures less is nearer; 1 for equal vectors, above 0 for all
            yield self._section(native_id, text, metadata, 1 / (1 + max(0.0, float(distance))), question.filters)

    def _worded(self, question: Question, count: int) -> Iterator[RankedSection | None]:
        """Records that contain words of the query, by how many of them, longer words counting for more."""
        words = list(dict.fromkeys(_words(question.text)))[:_WORDS]
        if not words:
            return
        spellings = sorted({spelling for word in words for spelling in (word, word.lower(), word.capitalize())})
        contains: list[Any] = [{"$contains": spelling} for spelling in spellings]
        condition = self._where(question.filters)
        answer = self._asked(
            lambda collection: collection.get(
                where=condition,
                where_document=contains[0] if len(contains) == 1 else {"$or": contains},
                limit=count,
                include=["documents", "metadatas"],
            )
        )
        weights = {word.lower(): len(word) for word in words}
        total = sum(weights.values())
        for native_id, text, metadata in zip(answer["ids"], answer["documents"], answer["metadatas"], strict=True):
            lowered = (text or "").lower()
            score = sum(weight for word, weight in weights.items() if word in lowered) / total
            yield self._section(native_id, text, metadata, score, question.filters)

    def _section(
        self,
        native_id: str,
        text: str | None,
        metadata: Mapping[str, Any] | None,
        score: float,
        filters: SearchFilters,
    ) -> RankedSection | None:
        """The hit, or None if a filter that Chroma does not judge keeps it out."""
        known = metadata or {}
        row = {meaning: known.get(key) for meaning, key in self._mapping.named().items()}
        row["id"] = row.get("id") or native_id
        row["text"] = row.get("text") or text or ""
        hit = foreign_section(self.name, row, round(score, _DIGITS))
        if hit.section is None or not _is_between(row.get("ingested_at"), filters):
            return None
        dates = hit.section.section
        return hit if filters.admit_dates(dates.valid_from, dates.valid_to) else None

    def _where(self, filters: SearchFilters) -> Mapping[str, Any] | None:
        """What Chroma can judge itself: equality; days and moments may be texts, which it cannot compare."""
        chosen = ((self._mapping.abbreviation, filters.abbreviation), (self._mapping.media_type, filters.media_type))
        return joined([{key: {"$in": list(values)}} for key, values in chosen if values])

    def _asked(self, call: "Callable[[Collection], Any]") -> Any:
        with self._connection.within():
            try:
                with self._connection.driver_errors():
                    return call(self._connection.collection(self._collection_name))
            except NoSuchCollection as exc:
                self._connection.require_database()
                reason = f"it has no collection '{self._collection_name}'; check the settings of '{self.name}'"
                raise ChromaFailed(str(self._connection.place), reason) from exc


def _is_between(value: Any, filters: SearchFilters) -> bool:
    """Whether a moment, as seconds since 1970 or in ISO 8601, passes."""
    if filters.ingested_from is None and filters.ingested_until is None:
        return True
    try:
        moment = datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else _moment(str(value))
    except (ValueError, OverflowError):
        return False
    is_late = filters.ingested_until is not None and moment >= filters.ingested_until
    return not is_late and (filters.ingested_from is None or moment >= filters.ingested_from)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _words(text: str) -> list[str]:
    """Words of three letters and more."""
    found = "".join(letter if letter.isalnum() else " " for letter in text).split()
    return [word for word in found if len(word) > 2]
