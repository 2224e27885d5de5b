"""What a build says of itself, as events: every finished stage, and its progress now and then."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from backend.common.blocking import in_thread
from shared.database.base import DatasetStore
from shared.errors import Unavailable
from shared.models.dataset import DatasetClaim
from shared.models.dataset_events import DatasetEventType

logger = logging.getLogger(__name__)

PROGRESS_EVERY_S = 1.0
"""Distance of progress events of one kind of work: a build of ninety seconds is told in a hundred events."""


class BuildDiary:
    """The events of one claim.

    Args:
        datasets: Where they are kept.
        claim: Of the build.
        on_event: Called after every event, to wake feeds.
    """

    def __init__(self, datasets: DatasetStore, claim: DatasetClaim, on_event: Callable[[], None]) -> None:
        self._datasets = datasets
        self._claim = claim
        self._on_event = on_event
        self._last_work = ""
        self._last_at = 0.0

    async def progress(self, message: Mapping[str, Any]) -> None:
        """Keep the progress if it is the first of its kind of work, or the last one is some time ago.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        now = asyncio.get_running_loop().time()
        if message["stage"] == self._last_work and now - self._last_at < PROGRESS_EVERY_S:
            return
        self._last_work, self._last_at = message["stage"], now
        await self._keep(DatasetEventType.PROGRESS, {"stage": message["stage"], "done": message["done"]})

    async def stage_done(self, message: Mapping[str, Any]) -> None:
        """Keep that a stage is finished.

        Raises:
            ClaimLost: If the claim is no longer the valid one.
        """
        await self._keep(DatasetEventType.STAGE, {"stage": message["stage"]})

    async def _keep(self, kind: DatasetEventType, payload: Mapping[str, Any]) -> None:
        try:
            await in_thread(self._datasets.record_event, self._claim, kind, payload)
        except Unavailable:
            # a line of the diary is no reason to end a build: killed, it could not clear up what filled the disk
            logger.warning("build.event_lost", exc_info=True, extra={"dataset_id": self._claim.dataset_id})
            return
        self._on_event()
