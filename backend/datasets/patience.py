"""A build asks again where a search would give up: nobody waits for its answer within two seconds."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.database.uds3_client import SearchUnavailable

T = TypeVar("T")

logger = logging.getLogger(__name__)

PAUSES_S = (1.0, 2.0, 5.0, 10.0)
"""Longer than a store that failed is left alone; a machine under a training of its own answers by then."""


def patiently(
    find: Callable[[], T], *, pauses_s: Sequence[float] = PAUSES_S, sleep: Callable[[float], None] = time.sleep
) -> T:
    """What a search finds, asked once more after each pause while no store answers.

    Raises:
        SearchUnavailable: If no store answers in the end either.
    """
    for pause_s in pauses_s:
        try:
            return find()
        except SearchUnavailable as exc:
            logger.warning("build.search_unavailable", extra={"pause_s": pause_s, "reason": exc.message})
            sleep(pause_s)
    return find()
