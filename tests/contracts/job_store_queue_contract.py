"""Whom a `JobStore` lets in, and whose job is next."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.database.base import (
    IdempotencyMismatch,
    QueueFull,
)
from shared.database.stores import Stores
from shared.models.job import (
    AttemptOutcome,
    IdempotencyKey,
    QueueLimits,
)
from shared.models.queue import HEAD_START
from tests.support.store_values import HALF_WAY, a_job, an_adapter, an_audit, claimed, queued, rescue_all, running


class JobQueueContract:
    """A part of `JobStoreContract`."""

    # --- the queue ---

    def test_a_newcomer_is_not_put_behind_a_backlog_that_is_still_to_be_checked(self, stores: Stores) -> None:
        for number in range(30):
            stores.jobs.add(a_job(number, created_by="a@amt.example"), audit=an_audit())
        stores.jobs.add(a_job(30, created_by="b@amt.example"), audit=an_audit())

        users = [job.created_by for job in stores.jobs.pending(4)]

        assert "b@amt.example" in users[:2]

    def test_a_job_knows_how_many_are_claimed_before_it(self, stores: Stores) -> None:
        jobs = [queued(stores, number) for number in range(4)]
        urgent = queued(stores, 4, priority=5)
        stores.jobs.pause(jobs[1].job_id, audit=an_audit())

        waiting = [stores.jobs.waiting_before(job) for job in (urgent, jobs[0], jobs[2], jobs[3])]
        order = [claimed(stores)[0].job_id for _ in range(4)]

        assert waiting == [0, 1, 2, 3]
        assert order == [job.job_id for job in (urgent, jobs[0], jobs[2], jobs[3])]

    def test_a_newcomer_starts_next_however_many_jobs_another_user_has(self, stores: Stores) -> None:
        for number in range(8):
            queued(stores, number, created_by="a@amt.example")
        claimed(stores)
        claimed(stores)
        queued(stores, 20, created_by="b@amt.example")
        queued(stores, 21, created_by="b@amt.example")
        queued(stores, 22, created_by="c@amt.example")

        order = [claimed(stores)[0].created_by[0] for _ in range(5)]

        assert order.index("b") < 2
        assert order.index("c") <= 2
        assert order[3:] != ["b", "b"]

    def test_users_of_the_same_priority_take_turns(self, stores: Stores) -> None:
        for user in ("a@amt.example", "b@amt.example", "c@amt.example"):
            for number in range(4):
                queued(stores, number, created_by=user)

        order = [claimed(stores)[0].created_by for _ in range(12)]

        for rounds in range(4):
            assert len(set(order[3 * rounds : 3 * rounds + 3])) == 3

    def test_own_jobs_of_the_highest_priority_come_first_however_long_the_backlog_is(self, stores: Stores) -> None:
        for number in range(4 * HEAD_START + 5):
            queued(stores, number, priority=1)
        claimed(stores)
        urgent = [queued(stores, number, priority=5) for number in (100, 101)]

        assert [claimed(stores)[0].job_id for _ in range(2)] == [job.job_id for job in urgent]

    @pytest.mark.parametrize("priority", [2, 3, 5])
    def test_a_head_start_is_all_that_a_higher_priority_gets(self, stores: Stores, priority: int) -> None:
        """However many follow, nobody starves."""
        patient = queued(stores, 0, priority=1, created_by="b@amt.example")
        overtaken = 0
        queued(stores, 1, priority=priority, created_by="a@amt.example")
        while True:
            queued(stores, 2 + overtaken, priority=priority, created_by="a@amt.example")
            job, claim = claimed(stores)
            if job.job_id == patient.job_id:
                break
            overtaken += 1
            assert overtaken <= HEAD_START * (priority - 1)
            stores.jobs.complete(claim, an_adapter(job), progress=HALF_WAY)

        assert overtaken == HEAD_START * (priority - 1)

    @pytest.mark.parametrize("end", ["handed back", "paused", "crashed", "rescued"])
    def test_a_job_that_comes_back_keeps_its_place(self, stores: Stores, end: str) -> None:
        first, claim = running(stores, number=1)
        for number in range(2, 5):
            queued(stores, number, created_by="b@amt.example")
        outcomes = {
            "handed back": AttemptOutcome.HANDED_BACK,
            "paused": AttemptOutcome.PAUSED,
            "crashed": AttemptOutcome.CRASH,
        }
        back = (
            rescue_all(stores)[0] if end == "rescued" else stores.jobs.release(claim, outcome=outcomes[end], retry_s=60)
        )

        assert (back.turn, back.queue_rank) == (first.turn, first.queue_rank)
        assert claimed(stores)[0].job_id == first.job_id

    def test_a_job_in_a_retry_pause_holds_up_nobody(self, stores: Stores) -> None:
        _, claim = running(stores, number=1, max_attempts=5)
        stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, retry_s=60)
        _, claim = claimed(stores)
        stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, retry_s=60)
        behind = queued(stores, 2)

        assert claimed(stores)[0].job_id == behind.job_id
        assert stores.jobs.claim("worker-1", lease_s=60) is None

    def test_limits_hold_however_many_submit_at_once(self, stores: Stores) -> None:
        limits = QueueLimits(total=7, per_user=4)

        def submit(number: int) -> bool:
            user = "ab"[number % 2] + "@amt.example"
            try:
                stores.jobs.add(a_job(number, created_by=user), audit=an_audit(), limits=limits)
            except QueueFull:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            accepted = sum(pool.map(submit, range(24)))

        assert accepted == stores.jobs.counts().active == 7

    def test_a_limit_of_one_user_leaves_room_for_others(self, stores: Stores) -> None:
        limits = QueueLimits(per_user=1)
        first = stores.jobs.add(a_job(1, created_by="a"), audit=an_audit(), limits=limits)
        with pytest.raises(QueueFull, match="a has 1 active"):
            stores.jobs.add(a_job(2, created_by="a"), audit=an_audit(), limits=limits)
        stores.jobs.add(a_job(3, created_by="b"), audit=an_audit(), limits=limits)
        stores.jobs.cancel(first.job_id, audit=an_audit())

        stores.jobs.add(a_job(4, created_by="a"), audit=an_audit(), limits=limits)

    # --- idempotency ---

    def test_one_key_makes_one_job_however_many_submit_at_once(self, stores: Stores) -> None:
        key = IdempotencyKey("a", "k1", "0" * 64)

        with ThreadPoolExecutor(64) as pool:
            jobs = list(pool.map(lambda n: stores.jobs.add(a_job(n), audit=an_audit(), key=key), range(64)))

        assert len({job.job_id for job in jobs}) == stores.jobs.counts().total == 1
        assert stores.jobs.submitted_with(key) == jobs[0]

    def test_a_key_with_another_request_is_refused_and_stores_nothing(self, stores: Stores) -> None:
        key = IdempotencyKey("a", "k1", "0" * 64)
        stores.jobs.add(a_job(1), audit=an_audit(), key=key)
        other = IdempotencyKey("a", "k1", "1" * 64)

        with pytest.raises(IdempotencyMismatch):
            stores.jobs.add(a_job(2), audit=an_audit(), key=other)
        with pytest.raises(IdempotencyMismatch):
            stores.jobs.submitted_with(other)

        assert stores.jobs.counts().total == 1

    def test_keys_of_different_users_never_meet(self, stores: Stores) -> None:
        first = stores.jobs.add(a_job(1), audit=an_audit(), key=IdempotencyKey("a", "k", "0" * 64))

        second = stores.jobs.add(a_job(2), audit=an_audit(), key=IdempotencyKey("b", "k", "0" * 64))

        assert first.job_id != second.job_id
        assert stores.jobs.submitted_with(IdempotencyKey("a", "k", "0" * 64)) == first
        assert stores.jobs.submitted_with(IdempotencyKey("c", "k", "0" * 64)) is None

    def test_a_full_queue_still_answers_a_known_key(self, stores: Stores) -> None:
        key = IdempotencyKey("a", "k", "0" * 64)
        first = stores.jobs.add(a_job(1), audit=an_audit(), key=key)

        assert stores.jobs.add(a_job(2), audit=an_audit(), key=key, limits=QueueLimits(total=1)) == first
