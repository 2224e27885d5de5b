"""What searches are asked to be timed, and how long they take."""

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from statistics import quantiles

from shared.database.search_store import DocumentChange
from shared.database.uds3_client import SearchPlan, Uds3Client
from shared.models.search import SearchLeg

WARM_UP, ASKED, ASKED_ALONE = 40, 400, 200
DRAWN = 100  # hits of every search


def headings_and_citations(laws: Iterable[DocumentChange]) -> list[str]:
    """Headings of laws and citations of the same sections, in an order that chance keeps."""
    chance = random.Random(17)
    queries = []
    for change in laws:
        for stored in change.sections:
            heading = stored.section.heading
            if len(heading.split()) > 1 and chance.random() < 0.02:
                queries.append(heading)
                if stored.section.number and change.document.abbreviation:
                    queries.append(f"{stored.section.number} {change.document.abbreviation}")
    chance.shuffle(queries)
    return queries[: WARM_UP + ASKED]


def timed(client: Uds3Client, queries: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
    """p50 and p95 in ms of all kinds of search together, and of each kind alone, after some that warm up."""
    _took(client, SearchPlan(DRAWN), queries[:WARM_UP])
    times = {"hybrid": _took(client, SearchPlan(DRAWN), queries[WARM_UP:])}
    for leg in SearchLeg:
        alone = queries[WARM_UP : WARM_UP + ASKED_ALONE]
        times[leg.value] = _took(client, SearchPlan(DRAWN, search_types=[leg]), alone)
    return times


def _took(client: Uds3Client, plan: SearchPlan, queries: Sequence[str]) -> Mapping[str, float]:
    found = []
    for query in queries:
        started = time.perf_counter()
        result = client.search(query, plan)
        for _ in islice(result.hits, DRAWN):
            pass
        found.append((time.perf_counter() - started) * 1000)
        if result.degraded:
            raise RuntimeError(f"a store did not answer: {result.degraded}")
    cuts = quantiles(found, n=20)
    return {"p50_ms": round(cuts[9], 1), "p95_ms": round(cuts[18], 1)}
