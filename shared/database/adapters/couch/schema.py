"""Whether a database is ours and whole: its marker, its index, and how they are made."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.database.adapters.couch.courier import Deadline
from shared.database.adapters.couch.documents import CITATIONS, DESIGN, MARKER, SCHEMA_VERSION, VIEWS
from shared.database.adapters.couch.errors import CouchDatabaseMissing, CouchFailed, CouchLate, CouchMissing
from shared.database.adapters.couch.server import CouchServer
from shared.database.base import StoreNotBuilt

logger = logging.getLogger(__name__)

_SCHEMA = {"type": "schema", "version": SCHEMA_VERSION}
_EXISTS = 412
_ATTEMPTS = 8
_PATIENCE = 60


class CouchSchema:
    """The marker says whether the store is whole; its revision changes with every rebuild.

    Args:
        store: Name of the store, for messages.
        timeout_s: Bound of the first look.
        write_timeout_s: Bound of each request of a rebuild, and of one wait for the index.
    """

    def __init__(self, server: CouchServer, store: str, *, timeout_s: float, write_timeout_s: float) -> None:
        self._server = server
        self._store = store
        self._timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s

    def require_built(self, until: Deadline) -> str:
        """The revision of the marker.

        Raises:
            StoreNotBuilt: If the store is missing, half done or of another release.
        """
        with self.not_built():
            marker = self._server.document(MARKER, until=until)
        return self.judge(marker)

    def judge(self, marker: Mapping[str, Any] | None) -> str:
        """`require_built` for a marker that came along with another answer."""
        if marker is None:
            raise StoreNotBuilt(self._store, "has not been built yet")
        if marker.get("version") != SCHEMA_VERSION:
            raise StoreNotBuilt(self._store, "was built by another release")
        if not marker.get("is_complete"):
            raise StoreNotBuilt(self._store, "was not built to the end")
        return str(marker["_rev"])

    @contextmanager
    def not_built(self) -> Iterator[None]:
        """What is missing inside the block means that the store was not built, or was dropped."""
        try:
            yield
        except CouchDatabaseMissing as exc:
            raise StoreNotBuilt(self._store, "has no database yet") from exc
        except CouchMissing as exc:
            raise StoreNotBuilt(self._store, "has no index yet") from exc

    def begin(self) -> str:
        """Make what is missing and declare the store incomplete; returns the marker's new revision.

        The index goes first: who may not make it may not do the rest, and leaves the store as it is.
        """
        self._make_database()
        self._put_views()
        for _ in range(_ATTEMPTS):
            marker = self._server.document(MARKER, until=Deadline(self._write_timeout_s))
            if mark := self._put_over(marker, MARKER, {**_SCHEMA, "is_complete": False}):
                return mark
        raise CouchFailed(self._server.place, "is being rebuilt by many at once", "Let one of them end.")

    def complete(self, mark: str) -> None:
        """Declare the store whole, unless somebody else has begun a rebuild since."""
        if not self._put_over({"_rev": mark}, MARKER, {**_SCHEMA, "is_complete": True}):
            advice = "Let that end, or repeat this."
            raise CouchFailed(self._server.place, "is being rebuilt by somebody else, too", advice)

    def index(self) -> None:
        """Have the index brought up to date: a search that has to wait for it would be late."""
        params = {"limit": 1}
        self._server.ask("update the index", "GET", CITATIONS, until=Deadline(self._write_timeout_s), params=params)

    def index_whole(self) -> None:
        """Wait for an index that may have to be made from nothing: the server goes on while nobody asks."""
        for _ in range(_PATIENCE):
            try:
                return self.index()
            except CouchLate:
                logger.info("couchdb.index_awaited", extra={"store": self._store})
        return self.index()

    def _make_database(self) -> None:
        """Make the database unless it is there: who is no administrator of the server may not even try."""
        try:
            self._server.ask("look at the database", "GET", until=Deadline(self._timeout_s))
        except CouchDatabaseMissing:
            until = Deadline(self._write_timeout_s)
            self._server.ask("make the database", "PUT", until=until, passes=(_EXISTS,))

    def _put_views(self) -> None:
        for _ in range(_ATTEMPTS):
            there = self._server.document(DESIGN, until=Deadline(self._write_timeout_s))
            if (there and {**there, **VIEWS} == there) or self._put_over(there, DESIGN, VIEWS):
                return

    def _put_over(self, there: Mapping[str, Any] | None, document_id: str, fields: Mapping[str, Any]) -> str:
        """Write one document over what was seen; returns its revision, empty if somebody was faster."""
        over = {"_rev": there["_rev"]} if there else {}
        document = {"_id": document_id, **over, **fields}
        return self._server.put_all([document], until=Deadline(self._write_timeout_s))[document_id]
