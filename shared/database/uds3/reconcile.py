"""Compares what a store holds with the truth, in one pass over both in order of ids, and puts it right.

What still waits in the outbox is no difference: it is on its way. Memory holds ids of differences only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from shared.database.base import DocumentStore
from shared.database.search_store import HeldDocument, SearchStore
from shared.database.uds3.feeding import Feeder

_OUTBOX_LIMIT = 100_000
_REPAIRED_AT_ONCE = 100


class DifferenceKind(StrEnum):
    """How a store differs from the truth in one document."""

    MISSING = "missing"  # the truth has it, the store does not
    STALE = "stale"  # another version, hash or number of sections than the truth's
    EXTRA = "extra"  # the store has content that the truth never had or has erased


@dataclass(frozen=True, slots=True)
class Difference:
    """One document in which a store differs.

    Args:
        expected: As the truth has it, for people; empty where it has nothing.
        found: As the store has it, for people.
    """

    kind: DifferenceKind
    document_id: str
    expected: str
    found: str


@dataclass(slots=True)
class Comparison:
    """A store beside the truth.

    Args:
        documents: How many documents the truth says the store should know, erased ones included.
        pending: Documents that still wait in the outbox; they were not compared.
        differences: In order of document ids.
        repaired: How many of them were put right.
    """

    store: str
    documents: int = 0
    pending: int = 0
    differences: list[Difference] = field(default_factory=list)
    repaired: int = 0


def compare(documents: DocumentStore, store: SearchStore) -> Comparison:
    """What is different.

    Raises:
        StoreNotBuilt: If the store has to be built first.
        Unavailable: If one of the two cannot be read.
    """
    waiting = _waiting(documents, store)
    result = Comparison(store.name)
    for expected, found in _merged(documents.iter_held(), store.held()):
        document_id = (expected or found).document_id  # type: ignore[union-attr]  # one of the two is there
        result.documents += expected is not None
        kind = _difference(expected, found)
        if kind is None:
            continue
        if document_id in waiting:
            result.pending += 1
            continue
        result.differences.append(Difference(kind, document_id, _words(expected), _words(found)))
    # what was registered or erased while the two were read has come into the outbox meanwhile
    late = _waiting(documents, store) - waiting
    result.pending += sum(each.document_id in late for each in result.differences)
    result.differences = [each for each in result.differences if each.document_id not in late]
    return result


def repair(feeder: Feeder, comparison: Comparison) -> None:
    """Put every difference right; counts them in `comparison.repaired`.

    Raises:
        Unavailable: If the store cannot be written; what was repaired stays.
    """
    wrong = [each.document_id for each in comparison.differences]
    for start in range(0, len(wrong), _REPAIRED_AT_ONCE):
        ids = wrong[start : start + _REPAIRED_AT_ONCE]
        # first without memory: a store that is ahead of the truth, after a restore, would refuse older versions
        feeder.store.forget(ids)
        feeder.bring(ids)
        comparison.repaired += len(ids)


def _waiting(documents: DocumentStore, store: SearchStore) -> set[str]:
    return {entry.document_id for entry in documents.outbox(store.name, limit=_OUTBOX_LIMIT)}


def _difference(expected: HeldDocument | None, found: HeldDocument | None) -> DifferenceKind | None:
    if found is None:
        # a store that never heard of an erased document holds nothing of it, as it should
        return DifferenceKind.MISSING if expected is not None and not expected.is_erased else None
    if expected is None or (expected.is_erased and not found.is_erased):
        return DifferenceKind.EXTRA
    return None if expected == found else DifferenceKind.STALE


def _merged(
    truth: Iterator[HeldDocument], held: Iterator[HeldDocument]
) -> Iterator[tuple[HeldDocument | None, HeldDocument | None]]:
    expected, found = next(truth, None), next(held, None)
    while expected is not None or found is not None:
        if found is None or (expected is not None and expected.document_id < found.document_id):
            yield expected, None
            expected = next(truth, None)
        elif expected is None or found.document_id < expected.document_id:
            yield None, found
            found = next(held, None)
        else:
            yield expected, found
            expected, found = next(truth, None), next(held, None)


def _words(state: HeldDocument | None) -> str:
    if state is None:
        return ""
    if state.is_erased:
        return f"erased in version {state.version}"
    return f"version {state.version}, {state.section_count} sections, sha256 {state.sha256[:12]}"
