"""What a client is told of a dataset, and when it ends."""

import asyncio
import json
from pathlib import Path

import pytest

from backend.common.feed.event_feed import EventFeed
from backend.datasets.dataset_updates import DatasetEvents, update_of
from backend.datasets.folders import DatasetFolders
from shared.database.base import DatasetNotFound
from shared.database.stores import memory_stores
from shared.models.dataset_events import DatasetEvent, DatasetEventType
from shared.utils.clock import utc_now
from tests.support.built_versions import completed_version
from tests.support.legal_texts import candidates
from tests.support.store_values import a_dataset, an_audit


def _event(kind: DatasetEventType, **payload: object) -> DatasetEvent:
    return DatasetEvent("dataset_1", 7, kind, payload, utc_now())


def test_an_update_has_the_shape_of_a_jobs_update() -> None:
    update = update_of(_event(DatasetEventType.PROGRESS, status="processing", stage="search", done=500))
    told = json.loads(update.text)

    assert list(told) == ["type", "event", "dataset_id", "status", "stage", "done", "timestamp", "seq"]
    assert (told["type"], told["event"], told["seq"]) == ("dataset_update", "progress", 7)
    assert update.is_figure


@pytest.mark.parametrize(
    ("kind", "status", "is_last"),
    [
        (DatasetEventType.STATUS, "completed", True),
        (DatasetEventType.STATUS, "failed", True),
        (DatasetEventType.STATUS, "processing", False),
        (DatasetEventType.STAGE, "processing", False),
    ],
)
def test_only_the_end_of_a_build_is_the_last_update(kind: DatasetEventType, status: str, is_last: bool) -> None:
    assert update_of(_event(kind, status=status)).is_last is is_last


def test_the_source_tells_what_the_store_knows() -> None:
    datasets = memory_stores().datasets
    source = DatasetEvents(datasets)
    dataset = datasets.add(a_dataset(), audit=an_audit())
    start = source.changes()
    datasets.cancel(dataset.dataset_id, audit=an_audit())

    assert start.heads == {dataset.dataset_id: 1}
    assert source.changes(start.cursor).heads == {dataset.dataset_id: 2}
    assert [each.seq for each in source.updates(dataset.dataset_id, after=0, limit=10)] == [1, 2]
    assert (source.head(dataset.dataset_id).seq, source.head(dataset.dataset_id).has_ended) == (2, True)
    with pytest.raises(DatasetNotFound):
        source.head("dataset_0")


def test_a_withdrawal_is_told_to_whoever_listens_and_nothing_from_before(tmp_path: Path) -> None:
    datasets = memory_stores().datasets
    dataset = completed_version(datasets, DatasetFolders(tmp_path), 1, candidates(1))

    async def told() -> tuple[str, int]:
        feed = EventFeed(DatasetEvents(datasets), poll_s=0.01)
        runner = asyncio.create_task(feed.run())
        try:
            async with asyncio.timeout(10), feed.listen(None) as listener:
                datasets.withdraw(dataset.dataset_id, reason="überholt", audit=an_audit())
                while (delivery := listener.take()) is None:
                    await listener.wait()
        finally:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)
        update = json.loads(delivery.update.text)
        return update["reason"], update["seq"]

    assert asyncio.run(told()) == ("withdrawn", dataset.event_seq + 1)
