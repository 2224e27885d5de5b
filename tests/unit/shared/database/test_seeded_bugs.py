"""The machine on real databases runs as experiment G09; here it is held that its seeds are what they say."""

import pytest

from shared.database.stores import memory_stores
from shared.models.job import AttemptOutcome, JobStatus
from tests.contracts.seeded_bugs import SEEDED_BUGS
from tests.support.store_values import claimed, queued


def test_there_are_ten_seeded_bugs_at_least() -> None:
    assert len(SEEDED_BUGS) >= 10


@pytest.mark.parametrize("bug", SEEDED_BUGS)
def test_a_seed_is_gone_afterwards_and_leaves_the_usual_life_of_a_job_possible(bug: str) -> None:
    with SEEDED_BUGS[bug]():
        stores = memory_stores()
        queued(stores)
        assert claimed(stores)[0].status is JobStatus.RUNNING

    stores = memory_stores()
    queued(stores)
    stores.jobs.release(claimed(stores)[1], outcome=AttemptOutcome.CRASH)
    job, claim = claimed(stores)
    assert (job.crash_count, job.claim_epoch, claim.epoch) == (1, 2, 2)
    assert stores.jobs.attempts(job.job_id)[0].outcome is AttemptOutcome.CRASH
