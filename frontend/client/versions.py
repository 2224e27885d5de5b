"""Versions of datasets: their line, what differs, their events, and the ends that people make; one method per route."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

from frontend.client.transport import Transport
from frontend.client.versioned import (
    DatasetChanged,
    DatasetEvent,
    DatasetEventPage,
    Version,
    VersionChange,
    VersionDiff,
    VersionPage,
)

_DATASETS = "/api/datasets"
_FOLLOW_EVERY_S = 0.5


class VersionsClient:
    """Routes below `/api/datasets` that deal with versions and events."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, dataset_id: str, *, limit: int = 50, after: str | None = None) -> VersionPage:
        """One page of a dataset's line, the newest version first."""
        params = {"limit": limit, "after": after}
        return self._transport.get(f"{_dataset(dataset_id)}/versions", VersionPage, params=params)

    def iterate(self, dataset_id: str, *, page_size: int = 100) -> Iterator[Version]:
        """Every version of a dataset's line, the newest first, fetched page by page."""
        after: str | None = None
        while True:
            page = self.page(dataset_id, limit=page_size, after=after)
            yield from page.versions
            after = page.next_after
            if after is None:
                return

    def holding_erased(self, *, limit: int = 50, after: str | None = None) -> VersionPage:
        """One page of completed versions with records of documents that were erased since."""
        return self._transport.get(f"{_DATASETS}/holding-erased", VersionPage, params={"limit": limit, "after": after})

    def iterate_holding_erased(self, *, page_size: int = 100) -> Iterator[Version]:
        """Every completed version with records of documents that were erased since, fetched page by page."""
        after: str | None = None
        while True:
            page = self.holding_erased(limit=page_size, after=after)
            yield from page.versions
            after = page.next_after
            if after is None:
                return

    def diff(
        self,
        dataset_id: str,
        against: str | None = None,
        *,
        of: str = "records",
        change: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> VersionDiff:
        """Counts of what differs from another version (None: the parent), and a page of it.

        Args:
            dataset_id: Is looked at.
            against: Is compared with.
            of: `documents` or `records`: what the page lists.
            change: Only `added`, `removed`, `changed` or `unchanged`.
            limit: Most of the page.
            after: `next_after` of the page before.
        """
        params = {"against": against, "of": of, "change": change, "limit": limit, "after": after}
        return self._transport.get(f"{_dataset(dataset_id)}/diff", VersionDiff, params=params)

    def changes(
        self,
        dataset_id: str,
        against: str | None = None,
        *,
        of: str = "records",
        change: str | None = None,
        page_size: int = 500,
    ) -> Iterator[VersionChange]:
        """Everything that differs, by id, fetched page by page."""
        after: str | None = None
        while True:
            page = self.diff(dataset_id, against, of=of, change=change, limit=page_size, after=after)
            yield from page.changes
            after = page.next_after
            if after is None:
                return

    def cancel(self, dataset_id: str) -> DatasetChanged:
        """End a build that waits or runs, for good.

        Raises:
            ServiceConflict: If it has ended already.
        """
        return self._transport.call("POST", f"{_dataset(dataset_id)}/cancel", DatasetChanged, conflict_on=400)

    def withdraw(self, dataset_id: str, reason: str) -> DatasetChanged:
        """Keep a version for accountability only.

        Raises:
            ServiceConflict: If it is not completed.
        """
        path = f"{_dataset(dataset_id)}/withdraw"
        return self._transport.call("POST", path, DatasetChanged, body={"reason": reason}, conflict_on=400)

    def events(self, dataset_id: str, *, after: int = 0, page_size: int = 500) -> Iterator[DatasetEvent]:
        """Events with `seq > after` that exist now, in order."""
        while True:
            params = {"after": after, "limit": page_size}
            page = self._transport.get(f"{_dataset(dataset_id)}/events", DatasetEventPage, params=params)
            yield from page.events
            if len(page.events) < page_size:
                return
            after = page.next_after

    def follow_events(
        self, dataset_id: str, *, after: int = 0, sleep: Callable[[float], None] = time.sleep
    ) -> Iterator[DatasetEvent]:
        """Events with `seq > after`, those that exist and those to come, until the build has ended."""
        has_ended = False
        while True:
            for event in self.events(dataset_id, after=after):
                yield event
                after, has_ended = event.seq, has_ended or event.ends_build
            # only now: of a version that was withdrawn the end of its build is not the last event
            if has_ended:
                return
            sleep(_FOLLOW_EVERY_S)


def _dataset(dataset_id: str) -> str:
    return f"{_DATASETS}/{quote(dataset_id, safe='')}"
