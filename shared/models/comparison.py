"""The verdict of a comparison, as it stands in the figures of an adapter."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

COMPARISON = "comparison"
"""Name under which an adapter's metrics keep it."""


class ComparisonVerdict(StrEnum):
    """What a comparison with the active adapter ends with."""

    PROMOTE = "promote"
    REJECT = "reject"


def verdict_of(metrics: Mapping[str, Any]) -> ComparisonVerdict | None:
    """The verdict on an adapter, None if it was never compared."""
    comparison = metrics.get(COMPARISON)
    return ComparisonVerdict(comparison["verdict"]) if isinstance(comparison, Mapping) else None


def compared_with(metrics: Mapping[str, Any]) -> str | None:
    """The adapter that it was compared with, None for the base model alone."""
    comparison = metrics.get(COMPARISON)
    return comparison["compared_with"] if isinstance(comparison, Mapping) else None
