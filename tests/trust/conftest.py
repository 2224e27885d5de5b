"""Fixtures of the journeys."""

from tests.support.journeys import here, ready

__all__ = ["here", "ready"]
