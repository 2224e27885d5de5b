"""What every `ExportStore` does: each ended job once per destination, whoever dies in between."""

import threading

import pytest

from shared.database.base import ClaimLost
from shared.database.stores import Stores
from shared.models.export import ExportClaim, ExportStatus
from shared.models.job import AttemptOutcome, TrainingJob
from tests.support.store_values import HALF_WAY, an_adapter, an_audit, queued, running

HERE = "http://mlflow.example"


def completed(stores: Stores, number: int = 0) -> TrainingJob:
    job, claim = running(stores, number=number)
    return stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY)


def failed(stores: Stores, number: int = 0) -> TrainingJob:
    _, claim = running(stores, number=number)
    return stores.jobs.fail(claim, error_message="boom", outcome=AttemptOutcome.ERROR)


def claimed(stores: Stores, destination: str = HERE) -> ExportClaim:
    claim = stores.exports.claim(destination, lease_s=60)
    assert claim is not None, "nothing was to be exported"
    return claim


class ExportStoreContract:
    """Subclass it and give a `stores` fixture."""

    def test_completed_and_failed_jobs_are_to_be_exported_and_no_others(self, stores: Stores) -> None:
        done, broken = completed(stores), failed(stores, 1)
        cancelled = queued(stores, 2)
        stores.jobs.cancel(cancelled.job_id, audit=an_audit())
        running(stores, number=3)
        queued(stores, 4)

        assert {claimed(stores).job_id, claimed(stores).job_id} == {done.job_id, broken.job_id}
        assert stores.exports.claim(HERE, lease_s=60) is None
        assert stores.exports.status(HERE) == ExportStatus(waiting=2)

    def test_an_exported_job_is_never_exported_there_again_but_elsewhere(self, stores: Stores) -> None:
        job = completed(stores)
        stores.exports.done(claimed(stores), reference="run_1")

        assert stores.exports.claim(HERE, lease_s=60) is None
        assert stores.exports.status(HERE) == ExportStatus(exported=1)
        assert claimed(stores, "sqlite:///elsewhere.db") == ExportClaim(job.job_id, "sqlite:///elsewhere.db", 1)

    def test_a_postponed_job_comes_after_those_that_were_never_tried_and_not_before_its_pause(
        self, stores: Stores
    ) -> None:
        first = completed(stores)
        stores.exports.postpone(claimed(stores), reason="the server is away", pause_s=0)
        assert stores.exports.status(HERE) == ExportStatus(waiting=1, failed=1, reason="the server is away")
        second = completed(stores, 1)

        assert claimed(stores).job_id == second.job_id
        again = claimed(stores)
        assert (again.job_id, again.number) == (first.job_id, 2)
        stores.exports.postpone(again, reason="still away", pause_s=3600)
        assert stores.exports.claim(HERE, lease_s=60) is None
        assert stores.exports.status(HERE) == ExportStatus(waiting=2, failed=1, reason="still away")

    def test_who_died_with_a_claim_loses_it_and_can_write_nothing_more(self, stores: Stores) -> None:
        completed(stores)
        dead = stores.exports.claim(HERE, lease_s=0)
        assert dead is not None
        heir = claimed(stores)

        assert heir.number == dead.number + 1
        for late in (
            lambda: stores.exports.renew(dead, lease_s=60),
            lambda: stores.exports.done(dead, reference="run_dead"),
            lambda: stores.exports.postpone(dead, reason="late", pause_s=0),
        ):
            with pytest.raises(ClaimLost):
                late()
        stores.exports.done(heir, reference="run_heir")
        with pytest.raises(ClaimLost):
            stores.exports.done(heir, reference="run_twice")

    def test_a_claim_that_is_renewed_is_kept(self, stores: Stores) -> None:
        completed(stores)
        claim = stores.exports.claim(HERE, lease_s=0)
        assert claim is not None
        stores.exports.renew(claim, lease_s=60)

        assert stores.exports.claim(HERE, lease_s=60) is None
        stores.exports.done(claim, reference="run_1")

    def test_eight_threads_never_get_the_same_export(self, stores: Stores) -> None:
        expected = {completed(stores, number).job_id for number in range(6)}
        got: list[str] = []

        def drain() -> None:
            misses = 0
            while misses < 20:
                claim = stores.exports.claim(HERE, lease_s=60)
                if claim is None:
                    misses += 1
                else:
                    got.append(claim.job_id)

        threads = [threading.Thread(target=drain) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got) == sorted(expected)
