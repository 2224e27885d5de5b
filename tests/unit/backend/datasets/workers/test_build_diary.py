"""The diary of a build: a line that the database cannot take is lost, and nothing else."""

import asyncio

import pytest

from backend.datasets.workers.build_diary import BuildDiary
from shared.database.base import ClaimLost
from shared.database.stores import memory_stores
from tests.support.flaky_jobs import FlakyJobs
from tests.support.store_values import a_dataset, an_audit


def test_a_database_that_is_away_ends_no_build() -> None:
    datasets = memory_stores().datasets
    dataset = datasets.add(a_dataset(), audit=an_audit())
    claimed = datasets.claim("builder", lease_s=30)
    assert claimed is not None
    told: list[int] = []
    flaky = FlakyJobs(datasets)  # type: ignore[arg-type]  # it hands on whatever it is asked
    diary = BuildDiary(flaky, claimed[1], lambda: told.append(1))  # type: ignore[arg-type]

    async def build() -> None:
        flaky.is_away = True
        await diary.progress({"stage": "search", "done": 1})
        flaky.is_away = False
        await diary.stage_done({"stage": "found"})

    asyncio.run(build())

    assert [event.type.value for event in datasets.events(dataset.dataset_id)] == ["status", "status", "stage"]
    assert told == [1]


def test_a_lost_claim_is_told() -> None:
    datasets = memory_stores().datasets
    datasets.add(a_dataset(), audit=an_audit())
    claimed = datasets.claim("builder", lease_s=-1)
    assert claimed is not None
    assert datasets.claim("another", lease_s=30) is not None
    diary = BuildDiary(datasets, claimed[1], lambda: None)

    with pytest.raises(ClaimLost):
        asyncio.run(diary.stage_done({"stage": "found"}))
