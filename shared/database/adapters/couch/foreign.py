"""A CouchDB database of somebody else: which field means what, searched by words, never written.

CouchDB has no word index of its own. Mango compares documents with regular expressions one by one, so a search reads
the whole database: fit for some thousands of documents, bounded by a limit and by time, and an error beyond. The
expressions only choose; what is a word, and how many of them a document has, is counted here, since CouchDB compares
bytes and pouchdb-server UTF-16.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from shared.database.adapters.couch.courier import Deadline
from shared.database.adapters.couch.server import CouchServer
from shared.database.citations import folded
from shared.database.search_store import Question, RankedSection
from shared.database.uds3.foreign import FieldMapping, excludes_source, foreign_section
from shared.errors import Unavailable
from shared.models.search import RankedList, SearchFilters

_WORD = re.compile(r"[^\W_]+")
_MAX_WORDS = 16
_MAX_FETCHED = 500
_SEARCHED = ("text", "title", "heading")


class ForeignCouchSource:
    """Answers the keyword list over a mapped database; safe to share between threads.

    Args:
        url: Of the server.
        user: May only read.
        password: Of the user.
        name: Of the source; hits carry it.
        database: Name of the database.
        mapping: Fields by their names, dots leading into nested objects ("meta.title").
        timeout_s: Bound of a search and of a check.

    Raises:
        CouchAddressInvalid: If the URL names no server.
    """

    lists = frozenset({RankedList.KEYWORD})

    def __init__(
        self,
        url: str,
        user: str | None = None,
        password: str | None = None,
        *,
        name: str,
        database: str,
        mapping: FieldMapping,
        timeout_s: float = 1.5,
    ) -> None:
        self.name = name
        self._mapping = mapping
        self._server = CouchServer(url, user, password, database=database)
        self._timeout_s = timeout_s

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """Documents by how many words of the question they hold; see `SearchSource.rank`.

        Of more than 500 that hold one in their text, their title or their heading, the first by their `_id` are taken.
        """
        words = _asked_words(question.text)
        is_out = wanted not in self.lists or excludes_source(question.filters, self.name, self._mapping)
        if is_out or not words or top_k < 1:
            return
        until = Deadline(self._timeout_s)
        fields = [name for meaning, name in self._mapping.named().items() if meaning in _SEARCHED]
        with ThreadPoolExecutor(len(fields)) as pool:  # each field is a reading of the whole database
            found = pool.map(lambda field: self._found(field, words, question.filters, until), fields)
            hits = {hit.section_id: hit for some in found for hit in some}
        yield from sorted(hits.values(), key=lambda hit: (-hit.score, hit.section_id))[:top_k]

    def check(self) -> str:
        """Return "ok", or why the database cannot be searched."""
        try:
            self._server.ask("look at the database", "GET", until=Deadline(self._timeout_s))
        except Unavailable as exc:
            return exc.message
        return "ok"

    def close(self) -> None:
        """Give connections back."""
        self._server.close()

    def _found(self, field: str, words: Sequence[str], filters: SearchFilters, until: Deadline) -> list[RankedSection]:
        body = {
            "selector": self._selector(field, words, filters),
            "fields": sorted({"_id", *self._mapping.named().values()}),
            "limit": _MAX_FETCHED,
        }
        _, answer = self._server.ask("search its documents word by word", "POST", "/_find", until=until, body=body)
        hits = (self._hit(document, words, filters) for document in answer["docs"])
        return [hit for hit in hits if hit]

    def _hit(self, document: Mapping[str, Any], words: Sequence[str], filters: SearchFilters) -> RankedSection | None:
        """A document as a hit, unless it has no id, none of the words, or fails a filter on dates."""
        row = {meaning: _value(document, path) for meaning, path in self._mapping.named().items()}
        score = _score(row, words)
        if row["id"] is None or not score or not _admits(filters, row):
            return None
        hit = foreign_section(self.name, row, score)
        section = hit.section.section if hit.section else None
        return hit if section and filters.admit_dates(section.valid_from, section.valid_to) else None

    def _selector(self, field: str, words: Sequence[str], filters: SearchFilters) -> dict[str, Any]:
        """One expression on one field: pouchdb-server fails on those below "$or", and merges those below "$and"."""
        selector: dict[str, Any] = {"_id": {"$gt": None}, field: {"$regex": "|".join(map(_expression, words))}}
        named = self._mapping.named()
        for meaning, allowed in (("media_type", filters.media_type), ("abbreviation", filters.abbreviation)):
            if allowed:
                selector[named[meaning]] = {"$in": list(allowed)}
        return selector


def _asked_words(text: str) -> list[str]:
    """Each word once; the very short ones stand in every document and only count where there are no others."""
    words = list(dict.fromkeys(_WORD.findall(folded(text).lower())))
    return ([word for word in words if len(word) > 2] or words)[:_MAX_WORDS]


def _expression(word: str) -> str:
    """Finds a word in any case and in both spellings of "ss"; of letters and digits only, so nothing is an operator.

    No classes and no flags: CouchDB sees bytes, where a class would tear a letter apart, and JavaScript knows no (?i).
    """
    pieces = re.findall(r"ss|.", word, re.DOTALL)
    return "".join("(?:ss|ß|SS|Ss)" if piece == "ss" else _any_case(piece) for piece in pieces)


def _any_case(letter: str) -> str:
    cases = dict.fromkeys((letter, letter.upper()))
    return letter if len(cases) == 1 else f"(?:{'|'.join(cases)})"


def _score(row: Mapping[str, Any], words: Sequence[str]) -> float:
    """How many of the words begin a word of the document; whole words count double."""
    text = " ".join(str(row.get(meaning) or "") for meaning in _SEARCHED)
    there = set(_WORD.findall(folded(text).lower()))
    whole = sum(word in there for word in words)
    begun = sum(any(each.startswith(word) for each in there) for word in words)
    return float(whole + begun)


def _admits(filters: SearchFilters, row: Mapping[str, Any]) -> bool:
    if filters.ingested_from is None and filters.ingested_until is None:
        return True
    moment = _moment(row.get("ingested_at"))
    if moment is None:
        return False
    is_late_enough = filters.ingested_from is None or moment >= filters.ingested_from
    return is_late_enough and (filters.ingested_until is None or moment < filters.ingested_until)


def _moment(value: Any) -> datetime | None:
    """A moment in ISO text, in UTC unless it says otherwise; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _value(document: Any, path: str) -> Any:
    """What a dotted name leads to; None if there is nothing."""
    for name in path.split("."):
        if not isinstance(document, Mapping) or name not in document:
            return None
        document = document[name]
    return document
