"""How sure one can be of a mean difference between two models: a paired bootstrap over groups of records.

Both models are measured on the same tokens, so what makes a record hard cancels out and only their difference varies.
Records of one group (one prompt, one document) are drawn together, since they are no independent witnesses.

Source: Efron, Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 16 (percentile bounds)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
_SEED = 20_260_301

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean difference in nats per token.

    Args:
        low: With the asked confidence it is at least this.
        high: With the asked confidence it is at most this.
        groups: Independent groups of records that were seen.
    """

    mean: float
    low: float
    high: float
    groups: int


def estimate(differences: Floats, tokens: Numbers, groups: Numbers, *, confidence: float) -> Estimate:
    """Bounds of the difference per token; the same for the same arrays.

    Args:
        differences: Of summed log-likelihoods, one per record, shape (n,).
        tokens: Trained tokens of each record, shape (n,), all positive.
        groups: A number that records of one group share, shape (n,).
        confidence: Of each bound by itself, e.g. 0.95.
    """
    _, member = np.unique(groups, return_inverse=True)
    count = int(member.max()) + 1
    sums = np.bincount(member, weights=differences, minlength=count)
    sizes = np.bincount(member, weights=tokens, minlength=count)
    drawn = np.random.Generator(np.random.PCG64(_SEED)).integers(0, count, (RESAMPLES, count))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [1 - confidence, confidence])
    return Estimate(float(sums.sum() / sizes.sum()), float(low), float(high), count)
