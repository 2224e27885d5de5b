"""Documents go in while the search databases are down in turn, and all of them agree soon after.

PostgreSQL, ChromaDB, a Bolt server and a CouchDB are each behind a proxy that refuses connections, or takes them and
never answers. While one is down a part of the documents is registered, some are changed and some erased, and searches
are asked all the time. Once it is back it has to hold exactly what the truth does, without anybody's help.
"""

import threading
import time
from collections.abc import Mapping
from statistics import quantiles
from typing import Any

from shared.database.uds3_client import SearchPlan, SearchUnavailable
from tests.support.fault_proxy import Fault
from tests.support.four_stores import NAMES, FourStores, four_stores
from tests.support.store_values import a_document, an_audit
from tests.trust.place import Place

_RECOVERY_S = 60.0
_SLOWEST_S = 2.0


class Searches(threading.Thread):
    """Searches all the time and notes how long each took and which stores it named."""

    def __init__(self, four: FourStores) -> None:
        super().__init__(daemon=True)
        self._four = four
        self._ended = threading.Event()
        self.took_s: list[float] = []
        self.named: list[frozenset[str]] = []
        self.errors = 0

    def run(self) -> None:
        number = 0
        while not self._ended.wait(0.02):
            number += 1
            started = time.monotonic()
            try:
                result = self._four.client.search(f"§ 1 HStS Gebühren Absatz {number % 7}", SearchPlan(20))
                degraded = frozenset(result.degraded)
                list(result.hits)
            except SearchUnavailable as error:
                # with the words and the vectors both away nobody could answer; one store alone never is that
                self.errors += 1
                degraded = frozenset(error.context["degraded"])
            self.took_s.append(time.monotonic() - started)
            self.named.append(degraded)

    def end(self) -> None:
        self._ended.set()
        self.join()


def run(place: Place) -> Mapping[str, Any]:
    """One store down after the other."""
    documents = place.scaled(full=500, fast=40)
    down_s = place.scaled(full=8.0, fast=3.0)
    per_round = documents // (2 * len(NAMES))
    recovery: dict[str, float] = {}
    took_s: list[float] = []
    unnamed, errors = [], 0
    with four_stores(place.folder / "stores", place.new_database_url()) as four:
        # the first answers of servers that have just started take them seconds, which is nobody's outage
        for _ in range(3):
            four.client.status()
        for name in NAMES:
            four.client.rebuild(name)
        four.keep_fed()
        registered = 0
        for number, (name, fault) in enumerate((name, fault) for fault in (Fault.REFUSE, Fault.HANG) for name in NAMES):
            with four.proxies[name].failing(fault):
                time.sleep(0.3)
                searches = Searches(four)
                searches.start()
                until = time.monotonic() + down_s
                count = documents - registered if number == 2 * len(NAMES) - 1 else per_round
                _change(four, registered, count)
                registered += count
                time.sleep(max(0.0, until - time.monotonic()))
                searches.end()
            healed = time.monotonic()
            took_s += searches.took_s
            errors += searches.errors
            # the feeding notices an outage when it next tries, as searches do that need the store
            late = searches.named[len(searches.named) // 2 :]
            if not all(name in degraded for degraded in late):
                unnamed.append(f"{name}/{fault}")
            recovery[f"{name}/{fault}"] = _equal_after(four, healed)
        four.stop_feeding()
        source = four.stores.documents.count()
        erased = sum(held.is_erased for held in four.truth())
        equal = four.are_equal()
    p95 = quantiles(took_s, n=20)[-1]
    slowest = max(recovery.values())
    return {
        "holds": source + erased == documents
        and equal
        and slowest <= _RECOVERY_S
        and p95 <= _SLOWEST_S
        and not unnamed
        and not errors,
        "documents": documents,
        "registered": source,
        "erased": erased,
        "all_equal": equal,
        "slowest_recovery_s": round(slowest, 1),
        "searches": len(took_s),
        "search_p50_s": round(quantiles(took_s, n=2)[0], 3),
        "search_p95_s": round(p95, 3),
        "search_slowest_s": round(max(took_s), 3),
        "unnamed": unnamed,
        "failed_searches": errors,
    }


def _change(four: FourStores, first: int, count: int) -> None:
    """Register documents, change some and erase one in twenty."""
    documents = four.stores.documents
    put = documents.put_many([a_document(f"{number:04}.md") for number in range(first, first + count)])
    documents.put_many([a_document(f"{number:04}.md", content="v2") for number in range(first, first + count, 3)])
    for document, _ in put[:: max(1, min(20, count))]:
        documents.erase(document.document_id, audit=an_audit("document.erased"))


def _equal_after(four: FourStores, since: float) -> float:
    """Seconds until all four hold the truth; infinite if they do not in time."""
    while time.monotonic() - since < _RECOVERY_S * 1.5:
        if not any(four.stores.documents.outbox_size(name) for name in NAMES) and four.are_equal():
            return time.monotonic() - since
        time.sleep(0.1)
    return float("inf")
