"""What was changed by hand in the search databases is reported, all of it and nothing else, and put right.

In each of PostgreSQL, ChromaDB, a Bolt server and a CouchDB entries are made missing, stale and superfluous behind the
outbox's back. `reconcile` has to name every one by its kind, mend them, and then find nothing.
"""

import random
from collections.abc import Mapping
from typing import Any

from shared.database.search_store import SearchStore
from shared.database.uds3.reconcile import Comparison, DifferenceKind
from tests.support.four_stores import NAMES, FourStores, four_stores
from tests.support.search import a_change
from tests.support.store_values import a_document
from tests.trust.place import Place

LACKING, STALE, EXTRA = DifferenceKind


def run(place: Place) -> Mapping[str, Any]:
    """Change by hand, compare, repair, compare."""
    documents = place.scaled(full=500, fast=40)
    changes = place.scaled(full=50, fast=12)
    chance = random.Random(13)
    with four_stores(place.folder / "stores", place.new_database_url()) as four:
        four.stores.documents.put_many([a_document(f"{number:04}.md") for number in range(documents)])
        four.catch_up()
        clean = {name: four.client.reconcile(name) for name in NAMES}
        made = _changed_by_hand(four, changes, chance)
        found = {name: four.client.reconcile(name) for name in NAMES}
        repaired = {name: four.client.reconcile(name, should_repair=True) for name in NAMES}
        again = {name: four.client.reconcile(name) for name in NAMES}
        equal = four.are_equal()
    right = sum((name, document_id, kind) in made for name, document_id, kind in _told(found))
    false = len(_told(clean)) + len(_told(found)) - right
    left = len(_told(again))
    return {
        "holds": right == len(made) == changes
        and not false
        and not left
        and equal
        and sum(each.repaired for each in repaired.values()) == changes,
        "documents": documents,
        "made": len(made),
        "reported": right,
        "false": false,
        "repaired": sum(each.repaired for each in repaired.values()),
        "left": left,
        "all_equal": equal,
    }


Made = set[tuple[str, str, DifferenceKind]]


def _changed_by_hand(four: FourStores, count: int, chance: random.Random) -> Made:
    """Spread the changes over stores and kinds; each touches a document of its own."""
    ids = [held.document_id for held in four.truth()]
    chance.shuffle(ids)
    made: Made = set()
    for number in range(count):
        name, kind = NAMES[number % len(NAMES)], list(DifferenceKind)[number // len(NAMES) % 3]
        document_id = f"doc_fremd{number}" if kind is EXTRA else ids.pop()
        _make(four.behind[name], kind, document_id)
        made.add((name, document_id, kind))
    return made


def _make(store: SearchStore, kind: DifferenceKind, document_id: str) -> None:
    store.forget([document_id])
    if kind is LACKING:
        return
    change = a_change(document_id, "von Hand", version=7 if kind is STALE else 1)
    store.apply_many([change])


def _told(comparisons: Mapping[str, Comparison]) -> list[tuple[str, str, DifferenceKind]]:
    return [(name, each.document_id, each.kind) for name, one in comparisons.items() for each in one.differences]
