"""Writing where nothing is atomic but a single document: read, compare, write, and look at every row's result.

The order makes a crash tell: parts first, then the head that names them, then the parts that it replaces go. Whoever
loses a race for a head reads it again, compares versions, and writes or gives way.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.database.adapters.couch.courier import Deadline
from shared.database.adapters.couch.documents import (
    HEADS,
    PART_CHARS,
    PARTS,
    Prepared,
    head_id,
    noted_parts,
    part_prefix,
    part_version,
    prepared,
    version_of,
)
from shared.database.adapters.couch.errors import CouchFailed
from shared.database.adapters.couch.server import CouchServer, Row
from shared.database.search_store import DocumentChange

_ATTEMPTS = 8
# times the number of the attempt: the copies of a cluster, and other writers, need a moment to agree
_PAUSE_S = 0.02
_DOCUMENTS_PER_ROUND = 64
_CHARS_PER_ROUND = 4 * PART_CHARS


class DocumentWriter:
    """Brings documents into the states that changes describe.

    Args:
        within_s: Bound of each request.
        is_forced: Whether an older version may replace a newer one, as a rebuild must.
    """

    def __init__(self, server: CouchServer, *, within_s: float, is_forced: bool = False) -> None:
        self._server = server
        self._within_s = within_s
        self._is_forced = is_forced

    def bring(self, changes: Iterable[DocumentChange]) -> Iterator[int]:
        """Write what is new, some documents at a time; yields how many changed.

        Raises:
            CouchFailed: If it cannot be written, or others keep writing the same documents.
        """
        return (self._round(newest) for newest in _rounds(changes))

    def forget(self, document_ids: Sequence[str]) -> None:
        """Delete heads and parts, the heads first."""
        heads = self._server.rows([head_id(each) for each in document_ids], until=self._until())
        self._delete(heads.values())
        for document_id in document_ids:
            self._delete(self._parts(document_id))

    def sweep(self, kept: set[str]) -> None:
        """Delete every document but those that are kept, and every part that no head names."""
        named: set[str] = set()
        for rows in self._server.pages(HEADS, within_s=self._within_s, with_documents=True):
            self._delete(row for row in rows if row.id not in kept)
            named.update(part.id for row in rows if row.id in kept for part in noted_parts(row.document or {}))
        for rows in self._server.pages(PARTS, within_s=self._within_s, with_documents=False):
            self._delete(row for row in rows if row.id not in named)

    def _round(self, wanted: Mapping[str, Prepared]) -> int:
        left, changed = dict(wanted), 0
        for attempt in range(_ATTEMPTS):
            time.sleep(_PAUSE_S * attempt)
            heads = self._server.rows([head_id(each) for each in left], until=self._until(), with_documents=True)
            due = self._due(left, heads)
            if not due:
                return changed
            beaten = self._write(due, heads)
            changed += len(due) - len(beaten)
            left = {each: due[each] for each in beaten}
            if not left:
                return changed
        raise CouchFailed(
            self._server.place,
            f"has {len(left)} documents that others kept changing while they were to be written",
            "Nothing is lost; it is tried again.",
        )

    def _due(self, wanted: Mapping[str, Prepared], heads: Mapping[str, Row]) -> dict[str, Prepared]:
        """What has to be written; what stands already is cleared of leftovers of a crash."""
        noted = {each: dict(row.document or {}) for each in wanted if (row := heads.get(head_id(each)))}
        same = {each: head for each, head in noted.items() if head.get("digest") == wanted[each].digest}
        looked_up = [part.id for head in same.values() for part in noted_parts(head)]
        looked_up += [part for head in same.values() for part in _replaced(head)]
        there = self._server.rows(looked_up, until=self._until())
        due = {}
        for document_id, change in wanted.items():
            head = noted.get(document_id)
            if document_id in same and sections_there(same[document_id], there) == _sections(same[document_id]):
                self._delete(there[part] for part in _replaced(same[document_id]) if part in there)
                if change.is_erased:  # parts that were written by somebody who never came to the head
                    self._delete(self._parts(document_id))
            elif head is None or self._is_forced or not _is_newer(head, change):
                due[document_id] = change
            else:
                self._give_way(change, head)
        return due

    def _write(self, due: Mapping[str, Prepared], heads: Mapping[str, Row]) -> list[str]:
        """Parts, heads, and away with what was replaced; returns those whose head somebody else wrote meanwhile."""
        replaced = {each: self._replaced_by(change, heads) for each, change in due.items()}
        revisions = self._put_parts([part for change in due.values() for part in change.parts])
        new_heads = [
            change.head_with(revisions, replaced=[row.id for row in replaced[each]], over=_revision(heads, each))
            for each, change in due.items()
        ]
        written = self._server.put_all(new_heads, until=self._until())
        beaten = [each for each in due if not written[head_id(each)]]
        self._delete(row for each in due if each not in beaten for row in replaced[each])
        return beaten

    def _replaced_by(self, change: Prepared, heads: Mapping[str, Row]) -> list[Row]:
        """Parts that have to go when the head stands; none of a newer version, whose head may be on its way."""
        head = heads.get(head_id(change.document_id))
        if head is None and not change.is_erased:
            return []
        own = {part["_id"] for part in change.parts}
        listed = {part.id for part in noted_parts(head.document or {})} if head else set()
        limit = change.version + (1 if change.is_erased else 0)
        return [
            row
            for row in self._parts(change.document_id)
            if row.id not in own and (self._is_forced or row.id in listed or part_version(row.id) < limit)
        ]

    def _give_way(self, change: Prepared, head: Mapping[str, Any]) -> None:
        """Take back what was written of a version that has been overtaken."""
        if change.version < version_of(head):
            own = self._server.rows([part["_id"] for part in change.parts], until=self._until())
            self._delete(own.values())

    def _put_parts(self, parts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Write parts and return their revisions; one that is there is compared and, if edited, written over."""
        revisions: dict[str, str] = {}
        left = {part["_id"]: part for part in parts}
        for _ in range(_ATTEMPTS):
            for batch in _batches(left.values()):
                revisions |= {id_: rev for id_, rev in self._server.put_all(batch, until=self._until()).items() if rev}
            left = {id_: part for id_, part in left.items() if id_ not in revisions}
            if not left:
                return revisions
            there = self._server.rows(list(left), until=self._until(), with_documents=True)
            left = {id_: _over(part, there.get(id_)) for id_, part in left.items()}
            revisions |= {
                id_: part["_rev"] for id_, part in left.items() if id_ in there and part == there[id_].document
            }
            left = {id_: part for id_, part in left.items() if id_ not in revisions}
            if not left:
                return revisions
        raise CouchFailed(self._server.place, "has parts that others kept changing", "Nothing is lost; try again.")

    def _parts(self, document_id: str) -> Iterator[Row]:
        pages = self._server.pages(part_prefix(document_id), within_s=self._within_s, with_documents=False)
        return (row for rows in pages for row in rows)

    def _delete(self, rows: Iterable[Row]) -> None:
        """Delete what is still as it was seen; what somebody changed or deleted meanwhile is left alone."""
        gone = [{"_id": row.id, "_rev": row.rev, "_deleted": True} for row in rows]
        self._server.put_all(gone, until=self._until())

    def _until(self) -> Deadline:
        return Deadline(self._within_s)


def sections_there(head: Mapping[str, Any], there: Mapping[str, Row]) -> int:
    """Sections in those parts of a head that are there as they were written."""
    return sum(part.sections for part in noted_parts(head) if part.id in there and there[part.id].rev == part.rev)


def _sections(head: Mapping[str, Any]) -> int:
    return sum(part.sections for part in noted_parts(head))


def _replaced(head: Mapping[str, Any]) -> list[str]:
    replaced = head.get("replaced")
    return [str(part) for part in replaced] if isinstance(replaced, list) else []


def _is_newer(head: Mapping[str, Any], change: Prepared) -> bool:
    """Whether what is there wins; of one version, the erasure does."""
    if version_of(head) == change.version:
        return bool(head.get("is_erased")) and not change.is_erased
    return version_of(head) > change.version


def _over(part: Mapping[str, Any], row: Row | None) -> Mapping[str, Any]:
    """A part as it is written over what is there."""
    bare = {name: value for name, value in part.items() if name != "_rev"}
    return {**bare, "_rev": row.rev} if row else bare


def _revision(heads: Mapping[str, Row], document_id: str) -> str:
    row = heads.get(head_id(document_id))
    return row.rev if row else ""


def _rounds(changes: Iterable[DocumentChange]) -> Iterator[dict[str, Prepared]]:
    """The newest change of each document, not too many or too long ones at a time."""
    newest: dict[str, Prepared] = {}
    size = 0
    for change in changes:
        shaped = prepared(change)
        known = newest.get(change.document_id)
        if known is None or (known.version, known.is_erased) <= (shaped.version, shaped.is_erased):
            newest[change.document_id] = shaped
        size += sum(len(stored.section.text) for stored in change.sections)
        if len(newest) >= _DOCUMENTS_PER_ROUND or size > _CHARS_PER_ROUND:
            yield newest
            newest, size = {}, 0
    if newest:
        yield newest


def _batches(parts: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    batch: list[Mapping[str, Any]] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += sum(len(section["text"]) for section in part["sections"])
        if size > _CHARS_PER_ROUND:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
