"""What can be done with the search stores; each task tells how far it is and ends with facts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shared.database.base import DocumentStore, StoreNotBuilt
from shared.database.uds3.reconcile import Comparison
from shared.database.uds3_client import Uds3Client
from shared.errors import Unavailable

_LISTED = 1_000
_TELL_EVERY = 25

OnProgress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""


def stores_status(client: Uds3Client, documents: DocumentStore) -> dict[str, Any]:
    """Every store with its lists, its state and what waits for it.

    Raises:
        Unavailable: If the truth cannot be read.
    """
    return {
        "documents": documents.count(),
        "stores": [{**asdict(each), "lists": [str(one) for one in each.lists]} for each in client.describe()],
    }


def rebuild_stores(
    client: Uds3Client, documents: DocumentStore, names: Sequence[str], on_progress: OnProgress
) -> dict[str, Any]:
    """Fill stores anew from the truth, one after the other.

    Raises:
        Unavailable: If a store cannot be written; those before it are whole.
        UnknownSearchStore: If there is no such store.
    """
    total, rebuilt = documents.count(), {}
    for name in names or client.fed_stores:

        def tell(count: int, name: str = name) -> None:
            if count % _TELL_EVERY == 0:
                on_progress(name, count, total)

        rebuilt[name] = client.rebuild(name, on_progress=tell)
    return {"rebuilt": rebuilt}


def reconcile_stores(
    client: Uds3Client, names: Sequence[str], *, should_repair: bool, on_progress: OnProgress
) -> dict[str, Any]:
    """Compare stores with the truth; a store that cannot be read is told with its reason and stops no other.

    Raises:
        UnknownSearchStore: If there is no such store.
    """
    results: list[dict[str, Any]] = []
    chosen = names or client.fed_stores
    for number, name in enumerate(chosen):
        on_progress(name, number, len(chosen))
        try:
            comparison = client.reconcile(name, should_repair=should_repair)
        except (StoreNotBuilt, Unavailable) as exc:
            results.append({"store": name, "answer": exc.message, "differences": [], "difference_count": 0})
        else:
            results.append({"answer": "ok", **_told(comparison)})
    left = sum(each["difference_count"] - each.get("repaired", 0) for each in results)
    return {
        "stores": results,
        "differences": sum(each["difference_count"] for each in results),
        "open": left,
        "unreadable": sum(each["answer"] != "ok" for each in results),
    }


def _told(comparison: Comparison) -> Mapping[str, Any]:
    counts: dict[str, int] = {}
    for each in comparison.differences:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return {
        "store": comparison.store,
        "documents": comparison.documents,
        "pending": comparison.pending,
        "difference_count": len(comparison.differences),
        "counts": counts,
        "repaired": comparison.repaired,
        # a store that lost everything would fill the screen
        "differences": [asdict(each) for each in comparison.differences[:_LISTED]],
    }
