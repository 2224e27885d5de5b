"""No state changes without an entry of the audit log in the same transaction.

A tracer listens to what SQLite itself carries out, so no path around it is possible. Every method of every store is
called, and each transaction that writes into a table of the truth must write into the audit log, or its method stands
on the list of what is no change of state, with the reason. A method that nobody calls here fails the test.
"""

import inspect
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from shared.database.audit.verify import verify
from shared.database.engine import open_engine, write_transaction
from shared.database.sql.audit_writes import AuditHeadMissing
from shared.database.stores import Stores, open_stores
from shared.database.tables import audit_head, metadata
from shared.errors import Conflict
from shared.models.adapter import PromotionOrder
from shared.models.dataset_events import DatasetEventType
from shared.models.job import AttemptOutcome, IdempotencyKey, Progress
from shared.models.review import Doubt, ReviewState, Ruling
from tests.contracts.key_store_contract import a_key
from tests.support.store_values import (
    START,
    a_checkpoint,
    a_dataset,
    a_document,
    a_job,
    an_adapter,
    an_audit,
    provenance_rows,
    queued,
    running,
    some_feedback,
)

NO_CHANGE_OF_STATE: Mapping[str, str] = {
    "jobs.heartbeat": "a sign of life: the lease goes on as it was",
    "jobs.record_progress": "figures of an attempt; its events keep them",
    "jobs.add_checkpoint": "progress of an attempt; its events keep it",
    "jobs.forget_checkpoints": "rows of folders that newer checkpoints replaced",
    "exports.claim": "a lease: nothing was told to anybody yet",
    "exports.renew": "a lease",
    "exports.postpone": "a lease: what could not be told is tried again",
    "documents.acknowledge": "a search store took what the truth had recorded with its entry",
    "datasets.heartbeat": "a sign of life",
    "datasets.record_event": "progress of a build; the event is what keeps it",
    "datasets.add_provenance": "rows of a build that nobody sees before it is completed, which has an entry",
    "keys.note_uses": "when a key was used, not what it may do",
}

_WRITE = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
_TRUTH = set(metadata.tables) - {"audit_log", "audit_head"}


@dataclass
class Tracer:
    """Which tables each committed transaction wrote into, while a method is running."""

    method: str = ""
    called: set[str] = field(default_factory=set)
    transactions: list[tuple[str, list[str]]] = field(default_factory=list)
    open: dict[int, list[str]] = field(default_factory=dict)

    def listen(self, connection: sqlite3.Connection, _record: object) -> None:
        number = id(connection)
        connection.set_trace_callback(lambda statement: self._take(number, statement))

    def _take(self, number: int, statement: str) -> None:
        word = statement.strip().split(maxsplit=1)[0].upper()
        if word == "BEGIN":
            self.open[number] = []
        elif found := _WRITE.match(statement):
            self.open.setdefault(number, []).append(found[2])
        elif word == "COMMIT":
            self.transactions.append((self.method, self.open.pop(number, [])))


class Watched:
    """A store that tells the tracer which of its methods is running."""

    def __init__(self, name: str, store: Any, tracer: Tracer) -> None:
        self._name, self._store, self._tracer = name, store, tracer

    def __getattr__(self, method: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._tracer.method = f"{self._name}.{method}"
            self._tracer.called.add(self._tracer.method)
            return getattr(self._store, method)(*args, **kwargs)

        return call


@pytest.fixture
def tracer(sqlite_url: str) -> Iterator[Tracer]:
    # the migration is no change of state; its connections are not listened to
    open_stores(sqlite_url).close()
    tracer = Tracer()
    event.listen(Engine, "connect", tracer.listen)
    yield tracer
    event.remove(Engine, "connect", tracer.listen)


@pytest.fixture
def stores(sqlite_url: str, tracer: Tracer) -> Iterator[Stores]:
    opened = open_stores(sqlite_url)
    watched = {each.name: Watched(each.name, getattr(opened, each.name), tracer) for each in _store_fields()}
    yield replace(opened, **watched)
    opened.close()


def test_every_change_of_state_has_its_entry_in_the_same_transaction(stores: Stores, tracer: Tracer) -> None:
    for work in (_jobs, _attempts, _adapters, _documents, _datasets, _others):
        work(stores)
    _read_everything(stores)

    wrote = {(method, tuple(tables)) for method, tables in tracer.transactions if _TRUTH.intersection(tables)}
    silent = sorted({method for method, tables in wrote if "audit_log" not in tables} - set(NO_CHANGE_OF_STATE))
    assert silent == []
    # the list holds nothing that needs no excuse
    assert {method for method, tables in wrote if "audit_log" not in tables} == set(NO_CHANGE_OF_STATE)
    assert _all_methods() - tracer.called == set()


def test_a_change_has_one_entry_and_a_completion_that_promotes_has_two(stores: Stores, tracer: Tracer) -> None:
    for work in (_jobs, _attempts, _adapters, _documents, _datasets, _others):
        work(stores)

    entries = {(method, tables.count("audit_log")) for method, tables in tracer.transactions if "audit_log" in tables}
    assert {method for method, count in entries if count != 1} == {"jobs.complete"}
    assert max(count for _, count in entries) == 2
    heads = [tables.count("audit_head") == tables.count("audit_log") for _, tables in tracer.transactions]
    assert all(heads)


def _store_fields() -> list[Any]:
    return [each for each in fields(Stores) if each.name not in {"ping", "release"}]


def _all_methods() -> set[str]:
    from shared.database.stores import memory_stores

    opened = memory_stores()
    return {
        f"{each.name}.{method}"
        for each in _store_fields()
        for method in dir(type(getattr(opened, each.name)))
        if not method.startswith("_")
    }


def _jobs(stores: Stores) -> None:
    key = IdempotencyKey("u", "k", "0" * 64)
    job = stores.jobs.add(a_job(1), audit=an_audit(), key=key)
    assert stores.jobs.submitted_with(key) is not None
    stores.jobs.admit(job)
    stores.jobs.pause(job.job_id, audit=an_audit())
    stores.jobs.unpause(job.job_id, audit=an_audit())
    stores.jobs.cancel(job.job_id, audit=an_audit())
    stores.jobs.reject(stores.jobs.add(a_job(2), audit=an_audit()), error_message="no")


def _attempts(stores: Stores) -> None:
    job, claim = running(stores)
    stores.jobs.heartbeat(claim, lease_s=60)
    stores.jobs.record_progress(claim, Progress())
    checkpoint = stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5))
    assert checkpoint is not None
    stores.jobs.forget_checkpoints(job.job_id, [a_checkpoint(job, 5).path])
    (lease,) = stores.jobs.leases()
    stores.jobs.rescue(lease)
    job, claim = _claimed(stores)
    stores.jobs.release(claim, outcome=AttemptOutcome.HANDED_BACK)
    job, claim = _claimed(stores)
    stores.jobs.cancel(job.job_id, audit=an_audit())
    stores.jobs.finish_cancel(claim)
    _, claim = running(stores)
    stores.jobs.fail(claim, error_message="no", outcome=AttemptOutcome.ERROR)


def _adapters(stores: Stores) -> None:
    job, claim = running(stores)
    order = PromotionOrder(None, job.created_by)
    stores.jobs.complete(claim, an_adapter(job), progress=Progress(), promotion=order)
    job, claim = running(stores)
    adapter = an_adapter(job)
    stores.jobs.complete(claim, adapter, progress=Progress())
    active = stores.adapters.active("starter")
    assert active is not None
    stores.adapters.promote(adapter.adapter_id, PromotionOrder(active.adapter_id, "u"), audit=an_audit())
    export = stores.exports.claim("mlflow", lease_s=60)
    assert export is not None
    stores.exports.renew(export, lease_s=60)
    stores.exports.postpone(export, reason="away", pause_s=0)
    again = stores.exports.claim("mlflow", lease_s=60)
    assert again is not None
    stores.exports.done(again, reference="run_1")


def _documents(stores: Stores) -> None:
    (one, _), *_rest = stores.documents.put_many([a_document("a.md"), a_document("b.md")])
    item = a_document("c.md")
    stores.documents.put(
        item.parsed, source="s", path="p", sha256=item.sha256, size_bytes=item.size_bytes, ingested_by="u"
    )
    waiting = stores.documents.outbox("embedded", limit=1)
    stores.documents.acknowledge("embedded", [entry.entry_id for entry in waiting])
    stores.documents.erase(one.document_id, audit=an_audit())


def _datasets(stores: Stores) -> None:
    dataset = stores.datasets.add(a_dataset(), audit=an_audit())
    found = stores.datasets.claim("builder", lease_s=60)
    assert found is not None
    stores.datasets.heartbeat(found[1], lease_s=60)
    stores.datasets.record_event(found[1], DatasetEventType.STAGE, {"stage": "found"})
    stores.datasets.add_provenance(found[1], provenance_rows("r1"))
    stores.datasets.complete(found[1], dataset, audit=an_audit())
    stores.datasets.set_export(dataset.dataset_id, "jsonl", "/x", audit=an_audit())
    stores.datasets.withdraw(dataset.dataset_id, reason="outdated", audit=an_audit())
    stores.datasets.delete(dataset.dataset_id, audit=an_audit())
    stores.datasets.cancel(stores.datasets.add(a_dataset(), audit=an_audit()).dataset_id, audit=an_audit())
    stores.datasets.add(a_dataset(), audit=an_audit())
    found = stores.datasets.claim("builder", lease_s=60)
    assert found is not None
    stores.datasets.fail(found[1], error_message="no")


def _others(stores: Stores) -> None:
    stores.feedback.add([some_feedback()], audit=an_audit())
    doubts = [Doubt(f"k{number}", f"d:1:{number}", "d", 0.2, ("short",), "p1") for number in range(2)]
    stores.reviews.doubt(doubts, run_id="r1")
    stores.reviews.rule(doubts[0], Ruling(ReviewState.KEPT, "u", ""), audit=an_audit())
    stores.reviews.settle("r2")
    stored, _ = a_key()
    stores.keys.add(stored, audit=an_audit())
    stores.keys.note_uses({stored.key.key_id: START + timedelta(days=1)})
    stores.keys.revoke(stored.key.key_id, by="u", audit=an_audit())
    stores.audit.append(an_audit())


def _read_everything(stores: Stores) -> None:
    """Call what only reads, so that a reader which begins to write is found as well."""
    job = queued(stores)
    _, claim = _claimed(stores)
    for method in ("get", "events", "attempts", "checkpoints"):
        getattr(stores.jobs, method)(job.job_id)
    stores.jobs.waiting_before(job)
    stores.jobs.newest_of(job.created_by)
    stores.jobs.sample_events(job.job_id, stores.jobs.events(job.job_id)[0].type, points=2)
    adapter = stores.adapters.page().items[0]
    stores.adapters.get(adapter.adapter_id)
    document = stores.documents.page().items[0]
    stores.documents.get(document.document_id)
    dataset = stores.datasets.page().items[0]
    stores.datasets.get(dataset.dataset_id)
    stores.datasets.provenance(dataset.dataset_id)
    stores.datasets.events(dataset.dataset_id)
    item = stores.feedback.page().items[0]
    stores.feedback.get(item.feedback_id)
    stores.reviews.get("k0")
    assert claim is not None
    _call_the_rest(stores, {"document_id": document.document_id, "source": document.source})


def _call_the_rest(stores: Stores, known: Mapping[str, str]) -> None:
    """Readers that were not called yet, with something for every parameter that has no default."""
    given: dict[str, Any] = {"min_score": 0.5, "destination": "mlflow", "store": "embedded", "limit": 5, **known}
    tracer: Tracer = stores.jobs._tracer  # type: ignore[attr-defined]  # every store here is watched
    for name in sorted(_all_methods() - tracer.called):
        store, _, method = name.partition(".")
        watched = getattr(stores, store)
        parameters = inspect.signature(getattr(watched._store, method)).parameters.values()
        needed = [each.name for each in parameters if each.default is each.empty]
        result = getattr(watched, method)(
            **{each: given.get(each, ["x"] if each.endswith("s") else "x") for each in needed}
        )
        if isinstance(result, Iterator):
            list(result)


def _claimed(stores: Stores) -> Any:
    found = stores.jobs.claim("worker-1", lease_s=60)
    assert found is not None
    return found


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_without_a_head_nothing_is_changed(database: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("sqlite_url" if database == "sqlite" else "postgres_url")
    opened = open_stores(url)
    engine = open_engine(url)
    queued(opened)
    with write_transaction(engine) as connection:
        connection.execute(delete(audit_head))
    engine.dispose()

    with pytest.raises(AuditHeadMissing):
        opened.datasets.add(a_dataset(), audit=an_audit())
    with pytest.raises((Conflict, IntegrityError)):
        opened.jobs.add(a_job(3), audit=an_audit())
    with pytest.raises(IntegrityError):
        opened.jobs.claim("worker", lease_s=60)

    assert opened.datasets.count() == 0
    assert opened.jobs.counts().total == 1
    assert not verify(opened.audit).is_intact
    opened.close()
