"""What people do with versions: follow a build, end it, compare two, withdraw one, find what holds erased texts."""

import logging
from collections.abc import Callable, Mapping, Sequence

from backend.common.ownership import CreatorOf, check_ownership, nobody
from backend.datasets.folders import DatasetFolders
from backend.datasets.sorted_index import Change
from backend.datasets.version_diff import Comparison, DiffPage, Part
from backend.datasets.withdrawal import completed_dataset
from shared.auth.policies import Actor
from shared.database.base import DatasetStore, Page
from shared.errors import InvalidInput
from shared.models.dataset import Dataset
from shared.models.dataset_events import DatasetEvent
from shared.models.events import AuditEntry
from shared.models.users import Principal

logger = logging.getLogger(__name__)


class NothingToCompare(InvalidInput):
    """A first version has no parent, and the request names no other one."""

    code = "nothing_to_compare"

    def __init__(self, dataset_id: str) -> None:
        super().__init__(
            f"Dataset {dataset_id} follows no other version; name one to compare it with: ?against=DATASET_ID.",
            dataset_id=dataset_id,
            field="against",
        )


class UnknownVersionCursor(InvalidInput):
    """`after` is not the `next_after` of an earlier page."""

    code = "unknown_cursor"

    def __init__(self, asked: str) -> None:
        super().__init__(f"'{asked}' is no number of a version; pass `next_after` of the page before.", field="after")


class VersionDesk:
    """The use cases around versions of datasets.

    Args:
        datasets: Truth of datasets.
        folders: Where their files lie.
        on_cancel: Called with the id of a dataset that was cancelled, to end its builder.
        creator_of: Who made a dataset.
    """

    def __init__(
        self,
        datasets: DatasetStore,
        folders: DatasetFolders,
        *,
        on_cancel: Callable[[str], None] = lambda _: None,
        creator_of: CreatorOf = nobody,
    ) -> None:
        self._datasets = datasets
        self._folders = folders
        self._on_cancel = on_cancel
        self._creator_of = creator_of

    def get(self, dataset_id: str) -> Dataset:
        """A dataset in its newest state.

        Raises:
            DatasetNotFound: If there is none.
        """
        return self._datasets.get(dataset_id)

    def events(self, dataset_id: str, *, after: int, limit: int) -> Sequence[DatasetEvent]:
        """What happened to a dataset, in order.

        Raises:
            DatasetNotFound: If there is none.
        """
        return self._datasets.events(dataset_id, after=after, limit=limit)

    def versions(
        self, dataset_id: str, *, limit: int, after: str | None
    ) -> tuple[Page[Dataset], Mapping[str, Sequence[str]]]:
        """The versions of a dataset's line, the newest first, and which erased documents they hold.

        Raises:
            DatasetNotFound: If there is no such dataset.
            UnknownVersionCursor: If `after` is not one of ours.
        """
        if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 10):
            raise UnknownVersionCursor(after)
        line_id = self._datasets.get(dataset_id).line_id
        page = self._datasets.line(line_id, limit=limit, after=None if after is None else int(after))
        return page, self._erased(page)

    def holding_erased(self, *, limit: int, after: str | None) -> tuple[Page[Dataset], Mapping[str, Sequence[str]]]:
        """Completed datasets with records of documents that were erased since, and which documents these are."""
        page = self._datasets.holding_erased(limit=limit, after=after)
        return page, self._erased(page)

    def diff(
        self,
        dataset_id: str,
        against: str | None,
        *,
        part: Part,
        change: Change | None,
        limit: int,
        after: str | None,
    ) -> tuple[Dataset, Dataset, DiffPage]:
        """The version that was compared with, the one that was looked at, and a page of what differs.

        Args:
            dataset_id: Is looked at.
            against: Is compared with; None: its parent.
            part: Documents or records.
            change: Only what differs in this way.
            limit: Most of one page.
            after: Id after which the page begins.

        Raises:
            DatasetNotFound: If one of them does not exist.
            DatasetNotCompleted: If one of them is not finished.
            NothingToCompare: If there is neither `against` nor a parent.
            NoLineage: If one was built before versions said what they are made of.
        """
        dataset, _ = completed_dataset(self._datasets, dataset_id)
        other = against or dataset.parent_id
        if other is None:
            raise NothingToCompare(dataset_id)
        before, _ = completed_dataset(self._datasets, other)
        return before, dataset, Comparison(before, dataset).page(part, change, limit=limit, after=after)

    def cancel(self, dataset_id: str, actor: Actor, *, request_id: str | None = None) -> Dataset:
        """End a build that has not ended, for good: nothing of it stays.

        Raises:
            DatasetNotFound: If there is none.
            NotTheirOwn: If the caller may end its own datasets only, and this is none.
            DatasetAlreadyFinished: If it has ended.
        """
        self._check_end(dataset_id, actor)
        audit = _audit("dataset.cancelled", dataset_id, actor.principal, request_id)
        cancelled = self._datasets.cancel(dataset_id, audit=audit)
        self._on_cancel(dataset_id)
        # what a builder still writes goes when it notices
        self._folders.remove(dataset_id)
        logger.info("dataset.cancelled", extra={"dataset_id": dataset_id})
        return cancelled

    def withdraw(self, dataset_id: str, reason: str, actor: Actor, *, request_id: str | None = None) -> Dataset:
        """Keep a completed dataset for accountability only.

        Raises:
            DatasetNotFound: If there is none.
            NotTheirOwn: If the caller may end its own datasets only, and this is none.
            DatasetNotCompleted: If it is not finished.
        """
        self._check_end(dataset_id, actor)
        audit = _audit("dataset.withdrawn", dataset_id, actor.principal, request_id, reason=reason)
        withdrawn = self._datasets.withdraw(dataset_id, reason=reason, audit=audit)
        logger.info("dataset.withdrawn", extra={"dataset_id": dataset_id})
        return withdrawn

    def _check_end(self, dataset_id: str, actor: Actor) -> None:
        """Refuse who may not end this dataset; one that is unknown is unknown to everybody."""
        self._datasets.get(dataset_id)
        check_ownership(actor, dataset_id, self._creator_of)

    def _erased(self, page: Page[Dataset]) -> Mapping[str, Sequence[str]]:
        return self._datasets.erased_in([each.dataset_id for each in page.items])


def _audit(action: str, dataset_id: str, principal: Principal, request_id: str | None, **detail: object) -> AuditEntry:
    return AuditEntry(
        action=action,
        object_type="dataset",
        object_id=dataset_id,
        actor=principal.email,
        detail=detail,
        request_id=request_id,
    )
