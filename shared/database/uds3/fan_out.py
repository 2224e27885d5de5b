"""Asks stores for ranked lists at the same time, in bounded time, and says who could not answer and why.

For a list that several of our stores offer, the first one that answers counts; they hold the same documents. Databases
of others hold documents of their own, so each of them gives a ranking of its own.
"""

import contextvars
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from shared.database.base import StoreNotBuilt
from shared.database.search_store import Question, RankedSection, SearchSource
from shared.database.uds3.breaker import Breaker
from shared.database.uds3.fusion import Ranking
from shared.errors import Unavailable
from shared.models.search import RankedList

logger = logging.getLogger(__name__)

_THREADS = 16
_NEAR_BY_CHANCE = 0.2  # a cosine that texts with nothing in common reach, the best of many

Ask = Callable[[RankedList], Question]
"""Makes the question for a list; called in the thread that asks, since it may have to embed the query."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back.

    Args:
        rankings: Of the lists that were answered; an empty one means that nothing matched.
        failures: Store (or list, where the question itself failed) -> why it did not answer.
    """

    rankings: Sequence[Ranking]
    failures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Order:
    """A list to be asked for, at the first of these that answers."""

    wanted: RankedList
    chain: Sequence[SearchSource]
    top_k: int
    window: int
    is_last_resort: bool


class FanOut:
    """Keeps the threads and remembers which stores failed lately.

    Args:
        stores: Ours, in order of preference.
        foreign: Databases of others.
        breaker: Makes the memory of one store.
    """

    def __init__(
        self,
        stores: Sequence[SearchSource],
        foreign: Sequence[SearchSource] = (),
        *,
        breaker: Callable[[], Breaker] = Breaker,
    ) -> None:
        names = [source.name for source in (*stores, *foreign)]
        if len(set(names)) < len(names):
            raise ValueError(f"Two stores have the same name: {', '.join(sorted(names))}.")
        self._stores = tuple(stores)
        self._foreign = tuple(foreign)
        self._breakers = {name: breaker() for name in names}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="search")

    def offers(self, wanted: RankedList) -> bool:
        """Whether any store answers a list."""
        return any(wanted in source.lists for source in (*self._stores, *self._foreign))

    def ask(
        self,
        wanted: Mapping[RankedList, int],
        question: Ask,
        *,
        window: int,
        timeout_s: float,
        is_last_resort: bool = False,
    ) -> Answers:
        """Ask for all lists at once, each for its number of places; who is late is left behind and named.

        Args:
            wanted: Most places of each list; all but the first `window` are drawn as they are read.
            question: Makes the question for a list.
            window: How many places are fetched before this returns.
            timeout_s: For all of it.
            is_last_resort: Also ask stores that failed a moment ago.
        """
        failures: dict[str, str] = {}
        tasks: dict[Future[Ranking | None], str] = {}
        for each, top_k in wanted.items():
            for chain in self._chains(each):
                context = contextvars.copy_context()
                order = _Order(each, chain, top_k, window, is_last_resort)
                task = self._threads.submit(context.run, self._first_answer, order, question, failures)
                tasks[task] = chain[0].name
        done, late = wait(tasks, timeout=timeout_s)
        # a copy: threads that were left behind may still write into the other
        told = dict(failures)
        for task in late:
            task.cancel()
            reason = f"It gave no answer within {timeout_s:.1f} s."
            self._breakers[tasks[task]].failed(reason)
            told[tasks[task]] = reason
        rankings = [ranking for task in tasks if task in done and (ranking := task.result()) is not None]
        return Answers(rankings, told)

    def check_all(self, *, timeout_s: float = 1.8) -> dict[str, str]:
        """Store -> "ok" or why it cannot serve; one that can is asked again at once, however it failed before."""
        tasks = {source.name: self._threads.submit(source.check) for source in (*self._stores, *self._foreign)}
        wait(tasks.values(), timeout=timeout_s)
        answers = {}
        for name, task in tasks.items():
            answers[name] = task.result() if task.done() else f"It gave no answer within {timeout_s:.1f} s."
            if answers[name] == "ok":
                self._breakers[name].succeeded()
        return answers

    def close(self) -> None:
        """End the threads; who still waits for a store is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _chains(self, wanted: RankedList) -> list[list[SearchSource]]:
        ours = [store for store in self._stores if wanted in store.lists]
        return [chain for chain in (ours, *([source] for source in self._foreign if wanted in source.lists)) if chain]

    def _first_answer(
        self,
        order: "_Order",
        question: Ask,
        failures: dict[str, str],
    ) -> Ranking | None:
        try:
            asked = question(order.wanted)
        except Unavailable as exc:
            failures[order.wanted.value] = exc.message
            return None
        for source in order.chain:
            breaker = self._breakers[source.name]
            if not order.is_last_resort and (reason := breaker.admit()):
                failures[source.name] = reason
                continue
            started = time.monotonic()
            try:
                ranking = _ranking(source, order, asked)
            except Unavailable as exc:
                failures[source.name] = exc.message
                if not isinstance(exc, StoreNotBuilt):
                    breaker.failed(exc.message)
                logger.warning(
                    "search.store_failed",
                    extra={"store": source.name, "reason": exc.message, "seconds": time.monotonic() - started},
                )
                continue
            breaker.succeeded()
            return ranking
        return None


def _ranking(source: SearchSource, order: _Order, question: Question) -> Ranking:
    hits: Iterator[RankedSection] = source.rank(order.wanted, question, top_k=order.top_k)
    if order.wanted is RankedList.VECTOR:
        # there is always a nearest one; a search for what is not there must not find it
        hits = itertools.takewhile(lambda hit: hit.score > _NEAR_BY_CHANCE, hits)
    return Ranking(order.wanted, source.name, list(itertools.islice(hits, order.window)), hits)
