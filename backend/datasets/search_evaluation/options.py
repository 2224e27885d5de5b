"""How an evaluation is run, and how it tells where it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.models.search import LISTS_OF_LEG, RankedList, SearchLeg

TOP_K = 100
RESAMPLES = 10_000
DEFAULT_SEED = 20_240


@dataclass(frozen=True, slots=True)
class EvaluationProgress:
    """Where an evaluation stands.

    Args:
        stage: What it does now, in words.
        step: Things done in this stage.
        total_steps: Of how many; 0 where that is not known.
    """

    stage: str
    step: int = 0
    total_steps: int = 0


Tell = Callable[[EvaluationProgress], None]


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How an evaluation is run.

    Args:
        legs: Kinds of search that take part.
        weights: Weight per list in the fusion; lists that are not named keep the search's own.
        limit: Most queries per set; 0 for all.
        seed: Of samples and of the bootstrap; the same seed asks the same queries.
        resamples: Of the bootstrap.
        has_ablation: Whether each list is also asked alone and left out.
    """

    legs: tuple[SearchLeg, ...] = tuple(SearchLeg)
    weights: Mapping[RankedList, float] = field(default_factory=dict)
    limit: int = 0
    seed: int = DEFAULT_SEED
    resamples: int = RESAMPLES
    has_ablation: bool = True

    @property
    def lists(self) -> frozenset[RankedList]:
        """The ranked lists of the chosen kinds of search."""
        return frozenset(name for leg in self.legs for name in LISTS_OF_LEG[leg])


def silent(_progress: EvaluationProgress) -> None:
    """Tell nobody."""
