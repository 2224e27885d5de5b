"""A state machine over `DatasetStore`: whatever people, builders, zombies and erasures do in whatever order."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.database.base import ClaimLost, DocumentErased
from shared.database.dataset_changes import (
    DatasetAlreadyFinished,
    DatasetInUse,
    DatasetNotCompleted,
    DatasetWithdrawn,
    DocumentsErased,
)
from shared.database.stores import Stores
from shared.models.dataset import DATASET_TRANSITIONS, Dataset, DatasetClaim, DatasetStatus
from shared.models.dataset_events import DatasetEventType
from tests.support.store_values import a_dataset, a_document, an_audit, provenance_rows

PICKS = st.integers(0, 50)
DOCUMENTS = 4


@dataclass
class Known:
    """What the test knows of a dataset.

    Args:
        documents: Those of its provenance.
        claim: The valid one.
    """

    status: DatasetStatus
    line: str
    number: int
    documents: frozenset[str] = frozenset()
    claim: DatasetClaim | None = None
    is_withdrawn: bool = False
    is_deleted: bool = False


class DatasetStoreMachine(RuleBasedStateMachine):
    """Subclass it with `open_stores`."""

    open_stores: Callable[[], Stores]

    @initialize()
    def open(self) -> None:
        self.stores = type(self).open_stores()
        self.datasets = self.stores.datasets
        self.known: dict[str, Known] = {}
        self.zombies: list[DatasetClaim] = []
        self.numbers: dict[str, int] = {}
        self.erased: set[str] = set()
        made = self.stores.documents.put_many([a_document(f"{number}.md") for number in range(DOCUMENTS)])
        self.documents = [document.document_id for document, _ in made]

    # --- people ---

    @rule(pick=PICKS, has_parent=st.booleans())
    def order(self, pick: int, has_parent: bool) -> None:
        parent = self._pick(pick, DatasetStatus.COMPLETED) if has_parent else None
        dataset = replace(a_dataset(len(self.known)), parent_id=parent)
        if parent is not None and self.known[parent].status is not DatasetStatus.COMPLETED:
            self._refused(DatasetNotCompleted, lambda: self.datasets.add(dataset, audit=an_audit()))
            return
        stored = self.datasets.add(dataset, audit=an_audit())
        line = stored.dataset_id if parent is None else self.known[parent].line
        self.numbers[line] = self.numbers.get(line, 0) + 1
        assert (stored.line_id, stored.version_number) == (line, self.numbers[line])
        self.known[stored.dataset_id] = Known(DatasetStatus.PENDING, line, stored.version_number)

    @rule(pick=PICKS)
    def cancel(self, pick: int) -> None:
        if (dataset_id := self._pick(pick, DatasetStatus.PROCESSING)) is None:
            return
        known = self.known[dataset_id]
        if known.status.is_terminal:
            self._refused(DatasetAlreadyFinished, lambda: self.datasets.cancel(dataset_id, audit=an_audit()))
            return
        self.datasets.cancel(dataset_id, audit=an_audit())
        self._end(dataset_id, DatasetStatus.FAILED)

    @rule(pick=PICKS)
    def withdraw(self, pick: int) -> None:
        if (dataset_id := self._pick(pick, DatasetStatus.COMPLETED)) is None:
            return
        known = self.known[dataset_id]

        def act() -> Dataset:
            return self.datasets.withdraw(dataset_id, reason="weil", audit=an_audit())

        if known.status is DatasetStatus.COMPLETED:
            assert act().is_withdrawn
            known.is_withdrawn = True
        else:
            self._refused(DatasetNotCompleted, act)

    @rule(pick=PICKS)
    def export(self, pick: int) -> None:
        if (dataset_id := self._pick(pick, DatasetStatus.COMPLETED)) is None:
            return
        known = self.known[dataset_id]

        def act() -> Dataset:
            return self.datasets.set_export(dataset_id, "csv", "/x", audit=an_audit())

        if known.status is not DatasetStatus.COMPLETED:
            self._refused(DatasetNotCompleted, act)
        elif known.is_withdrawn:
            self._refused(DatasetWithdrawn, act)
        else:
            act()

    @rule(pick=PICKS)
    def delete(self, pick: int) -> None:
        if (dataset_id := self._pick(pick, DatasetStatus.COMPLETED)) is None:
            return
        known = self.known[dataset_id]
        if known.status is DatasetStatus.PROCESSING:
            self._refused(DatasetInUse, lambda: self.datasets.delete(dataset_id, audit=an_audit()))
            return
        self.datasets.delete(dataset_id, audit=an_audit())
        known.is_deleted = True

    @rule(pick=PICKS)
    def erase(self, pick: int) -> None:
        document = self.documents[pick % DOCUMENTS]
        if document not in self.erased:
            self.stores.documents.erase(document, audit=an_audit())
            self.erased.add(document)
            for known in self.known.values():
                is_holding = known.status is DatasetStatus.COMPLETED and document in known.documents
                known.is_withdrawn = known.is_withdrawn or is_holding

    @rule(pick=PICKS)
    def upsert_late(self, pick: int) -> None:
        number = pick % DOCUMENTS
        item = a_document(f"{number}.md", content=f"v{pick}")
        if self.documents[number] in self.erased:
            self._refused(DocumentErased, lambda: self.stores.documents.put_many([item]))
        else:
            self.stores.documents.put_many([item])

    # --- builders ---

    @rule(runs_out=st.booleans())
    def claim(self, runs_out: bool) -> None:
        found = self.datasets.claim("builder-1", lease_s=-1 if runs_out else 60)
        if found is None:
            return
        dataset, claim = found
        known = self.known[dataset.dataset_id]
        assert known.status in (DatasetStatus.PENDING, DatasetStatus.PROCESSING)
        if known.claim is not None:
            self.zombies.append(known.claim)
        known.status, known.claim, known.documents = DatasetStatus.PROCESSING, claim, frozenset()

    @rule(pick=PICKS, document=PICKS)
    def add_records(self, pick: int, document: int) -> None:
        claim = self._claim(pick)
        known = self.known[claim.dataset_id]
        chosen = self.documents[document % DOCUMENTS]
        rows = [replace(row, document_id=chosen) for row in provenance_rows(f"r{len(known.documents)}")]
        if chosen not in known.documents:
            self.datasets.add_provenance(claim, rows)
            known.documents |= {chosen}

    @rule(pick=PICKS, kind=st.sampled_from([DatasetEventType.PROGRESS, DatasetEventType.STAGE]))
    def tell(self, pick: int, kind: DatasetEventType) -> None:
        self.datasets.record_event(self._claim(pick), kind, {"stage": "found"})

    @rule(pick=PICKS)
    def hand_back(self, pick: int) -> None:
        self.datasets.heartbeat(self._claim(pick), lease_s=-1)

    @rule(pick=PICKS, is_good=st.sampled_from([True, True, False]))
    def finish(self, pick: int, is_good: bool) -> None:
        claim = self._claim(pick)
        known = self.known[claim.dataset_id]
        if not is_good:
            self.datasets.fail(claim, error_message="kaputt")
            self._end(claim.dataset_id, DatasetStatus.FAILED)
            return
        dataset = replace(self.datasets.get(claim.dataset_id), version_sha256="ab" * 32)
        if known.documents & self.erased:
            self._refused(DocumentsErased, lambda: self.datasets.complete(claim, dataset, audit=an_audit()))
            return
        self.datasets.complete(claim, dataset, audit=an_audit())
        documents = known.documents
        self._end(claim.dataset_id, DatasetStatus.COMPLETED)
        known.documents = documents

    @precondition(lambda self: self.zombies)
    @rule(pick=PICKS)
    def act_as_a_zombie(self, pick: int) -> None:
        claim = self.zombies[pick % len(self.zombies)]
        acts: list[Callable[[], Any]] = [
            lambda: self.datasets.heartbeat(claim, lease_s=60),
            lambda: self.datasets.record_event(claim, DatasetEventType.STAGE, {"stage": "found"}),
            lambda: self.datasets.add_provenance(claim, provenance_rows("zombie")),
            lambda: self.datasets.complete(claim, a_dataset(), audit=an_audit()),
            lambda: self.datasets.fail(claim, error_message="x"),
        ]
        self._refused(ClaimLost, acts[pick % len(acts)])

    # --- what always holds ---

    @invariant()
    def what_is_stored_is_what_happened(self) -> None:
        alive = {name: known for name, known in getattr(self, "known", {}).items() if not known.is_deleted}
        for dataset_id, known in alive.items():
            dataset = self.datasets.get(dataset_id)
            assert dataset.status is known.status
            assert dataset.is_withdrawn is known.is_withdrawn
            assert (dataset.owner is not None) is (known.status is DatasetStatus.PROCESSING)
            if known.status is DatasetStatus.FAILED:
                assert self.datasets.provenance(dataset_id) == []

    @invariant()
    def events_are_gap_free_and_replay_to_the_state(self) -> None:
        for dataset_id, known in getattr(self, "known", {}).items():
            if known.is_deleted:
                continue
            events = self.datasets.events(dataset_id)
            assert [each.seq for each in events] == list(range(1, len(events) + 1))
            assert self.datasets.get(dataset_id).event_seq == len(events)
            told = [DatasetStatus(each.payload["status"]) for each in events if each.type is DatasetEventType.STATUS]
            assert told[-1] is known.status
            for before, after in pairwise(told):
                assert before is after or after in DATASET_TRANSITIONS[before]

    @invariant()
    def erased_documents_are_in_no_version_that_was_completed_later(self) -> None:
        alive = {name: known for name, known in getattr(self, "known", {}).items() if not known.is_deleted}
        holding = {
            name: sorted(known.documents & self.erased)
            for name, known in alive.items()
            if known.status is DatasetStatus.COMPLETED and known.documents & self.erased
        }
        if alive:
            completed = [name for name, known in alive.items() if known.status is DatasetStatus.COMPLETED]
            assert dict(self.datasets.erased_in(completed)) == holding
            assert [each.dataset_id for each in self.datasets.holding_erased(limit=500).items] == sorted(holding)

    # --- helpers ---

    def _pick(self, pick: int, rather: DatasetStatus) -> str | None:
        """One of the datasets, three times of four one in this state."""
        alive = [name for name, known in self.known.items() if not known.is_deleted]
        wanted = [name for name in alive if self.known[name].status is rather]
        chosen = wanted if wanted and pick % 4 else alive
        return chosen[pick // 4 % len(chosen)] if chosen else None

    def _claim(self, pick: int) -> DatasetClaim:
        """A valid claim, if need be of a dataset that is ordered for it."""
        held = [known.claim for known in self.known.values() if known.claim is not None]
        if not held:
            self.order(pick, has_parent=False)
            self.claim(runs_out=False)
            held = [known.claim for known in self.known.values() if known.claim is not None]
        return held[pick % len(held)]

    def _end(self, dataset_id: str, status: DatasetStatus) -> None:
        known = self.known[dataset_id]
        if known.claim is not None:
            self.zombies.append(known.claim)
        known.status, known.claim, known.documents = status, None, frozenset()

    @staticmethod
    def _refused(error: type[Exception], act: Callable[[], Any]) -> None:
        try:
            act()
        except error:
            return
        raise AssertionError(f"{error.__name__} was to be raised")
