"""Is one run better than another on queries like these? A paired bootstrap over queries.

Source:
    Smucker, Allan and Carterette 2007, https://doi.org/10.1145/1321440.1321528 (tests for retrieval experiments);
    Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13 (percentile intervals).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHUNK_CELLS = 4_000_000  # of the counts, 32 MB


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher one run scored than another, on the same queries.

    Args:
        difference: Mean over queries.
        low: Lower end of the 95 % interval.
        high: Upper end.
        p_value: Two-sided; how often resampled queries would reverse or cancel the sign.
    """

    difference: float
    low: float
    high: float
    p_value: float

    def as_json(self) -> dict[str, Any]:
        """For the figures, rounded to what 10,000 resamples can tell."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


def paired_bootstrap(differences: "NDArray[np.float64]", *, resamples: int, seed: int) -> list[Difference]:
    """Judge differences per query; equal seeds draw the same queries, so all columns are judged on the same samples.

    Args:
        differences: This run minus the other, shape (queries, measures).
        resamples: Samples of as many queries, drawn with replacement.
        seed: Of the draws.

    Returns:
        One judgement per column.
    """
    import numpy as np

    means = np.concatenate(list(_resampled_means(differences, resamples, seed)))
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    # what was observed counts as one of the samples, so that p is never 0
    below, above = ((means <= 0).sum(axis=0) + 1, (means >= 0).sum(axis=0) + 1)
    p_values = np.minimum(1.0, 2 * np.minimum(below, above) / (resamples + 1))
    observed = differences.mean(axis=0)
    return [Difference(*map(float, row)) for row in zip(observed, low, high, p_values, strict=True)]


def _resampled_means(differences: "NDArray[np.float64]", resamples: int, seed: int) -> "Iterator[NDArray[np.float64]]":
    """Means of the samples, shape (some samples, measures) at a time.

    A sample is a row of counts, how often each query was drawn, so that all means are one matrix product.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    size = len(differences)
    rows = max(1, _CHUNK_CELLS // size)
    for start in range(0, resamples, rows):
        samples = min(rows, resamples - start)
        drawn = generator.integers(size, size=(samples, size))
        drawn += np.arange(samples)[:, None] * size
        counts = np.bincount(drawn.ravel(), minlength=samples * size).reshape(samples, size)
        yield counts @ differences / size
