"""What a set made from laws is: a name, and a way to make queries that is the same for the same corpus and seed."""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, TypeVar

from backend.datasets.search_evaluation import sets
from backend.datasets.search_evaluation.corpora.laws import Corpus
from backend.datasets.search_evaluation.judged import EvaluationSet, JudgedQuery, UnusableSet
from backend.datasets.search_evaluation.options import DEFAULT_SEED, EvaluationProgress, Tell, silent
from shared.database.search_store import DocumentChange
from shared.utils.discovery import classes_in

T = TypeVar("T")
_TELL_EVERY = 200


class BuiltInSet(ABC):
    """Makes judged queries from a corpus of laws.

    Args:
        corpus: The laws.
        seed: Of samples.
        tell: Called while the laws are read.
    """

    name: ClassVar[str]
    size: ClassVar[int]
    needs_own_index: ClassVar[bool]  # it is asked of other documents than the corpus itself

    def __init__(self, corpus: Corpus, *, seed: int = DEFAULT_SEED, tell: Tell = silent) -> None:
        self.corpus = corpus
        self.seed = seed
        self.tell = tell

    @abstractmethod
    def build(self) -> EvaluationSet:
        """The queries, at most `size`.

        Raises:
            UnusableSet: If the corpus gives none.
        """

    def read_laws(self) -> Iterator[DocumentChange]:
        """The documents of the corpus, told one by one."""
        for count, change in enumerate(self.corpus.documents(), 1):
            yield change
            if count % _TELL_EVERY == 0:
                self.tell(EvaluationProgress(f"{self.name}: {count:,} laws read"))

    def sampled(self, candidates: Sequence[T], size: int) -> list[T]:
        """Some of the candidates, in their order; those of a smaller sample are in every larger one."""
        order = list(range(len(candidates)))
        random.Random(f"{self.name}:{self.seed}").shuffle(order)  # noqa: S311 - a sample, no secret
        return [candidates[place] for place in sorted(order[:size])]

    def made(self, queries: Sequence[JudgedQuery], what: str) -> tuple[JudgedQuery, ...]:
        """The queries, if there are any."""
        if not queries:
            raise UnusableSet(
                f"The set {self.name!r} needs {what}; {self.corpus.name} has none. Name another corpus with --laws.",
                corpus=self.corpus.name,
            )
        return tuple(queries)


def built_in_sets() -> Mapping[str, type[BuiltInSet]]:
    """Name -> set, found by looking into the folder."""
    return {found.name: found for found in classes_in(sets, BuiltInSet)}  # type: ignore[type-abstract]
