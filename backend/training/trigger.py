"""Submit a continuous run when enough feedback has come, or some has waited long enough.

Several services on one database may look at once: what is to be submitted is named by the last run that was triggered,
so all of them mean the same submission, and an idempotency key makes it one job.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from backend.common.blocking import in_thread
from backend.training.folders import TrainingFolders
from backend.training.manager import TrainingJobManager
from backend.training.models import JobRequest
from backend.training.training_config import TrainingConfig, load_config_file
from shared.database.base import FeedbackStore, JobStore
from shared.errors import ClaraError
from shared.models.job import TrainerType, TrainingJob
from shared.models.users import CONTINUOUS
from shared.utils.clock import Clock, utc_now

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TriggerRule:
    """When a run is due.

    Args:
        after_items: New items with a target; 0: never for their number.
        after_hours: Time since the last triggered run (or since the first item came), if anything is new; 0: never.
        config_path: Training config below the configs folder; empty: the server's defaults.
    """

    after_items: int = 0
    after_hours: float = 0.0
    config_path: str = ""

    @property
    def is_on(self) -> bool:
        """Whether a run can ever be due."""
        return self.after_items > 0 or self.after_hours > 0


class ContinuousTrigger:
    """Looks at the feedback and submits in the name of `CONTINUOUS`.

    Args:
        feedback: Truth of feedback.
        jobs: Truth of jobs.
        manager: Accepts the job.
        folders: Where the config lies.
        rule: When a run is due.
        clock: Now.
    """

    def __init__(
        self,
        feedback: FeedbackStore,
        jobs: JobStore,
        manager: TrainingJobManager,
        folders: TrainingFolders,
        rule: TriggerRule,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._feedback = feedback
        self._jobs = jobs
        self._manager = manager
        self._folders = folders
        self._rule = rule
        self._clock = clock
        self._last_refusal = ""

    async def run(self, every_s: float) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await in_thread(self.look)
            except Exception:
                # what goes wrong once must not end all looks for good
                logger.exception("continuous.look_failed")
            await asyncio.sleep(every_s)

    def look(self) -> str | None:
        """Submit a run if one is due.

        Returns:
            Its job id; None if none is due, one is under way, or it was refused (which is logged once per reason).
        """
        try:
            submitted = self._submit_if_due()
        except ClaraError as error:
            if error.message != self._last_refusal:
                logger.warning("continuous.not_submitted", extra={"code": error.code, "reason": error.message})
            self._last_refusal = error.message
            return None
        self._last_refusal = ""
        return submitted

    def _submit_if_due(self) -> str | None:
        last = self._jobs.newest_of(CONTINUOUS.email)
        if last is not None and not last.status.is_terminal:
            return None
        after = 0 if last is None else TrainingConfig.parse(last.config).continuous.feedback_until or 0
        if not self._is_due(last, after):
            return None
        request = JobRequest(
            trainer_type=TrainerType.CONTINUOUS,
            config_path=self._rule.config_path or None,
            config=None if self._rule.config_path else {},
            tags=["triggered"],
        )
        submission = self._manager.submit(request, CONTINUOUS, key=f"feedback-after-{after}")
        if not submission.is_replay:
            logger.info("continuous.submitted", extra={"job_id": submission.job_id, "feedback_after": after})
        return submission.job_id

    def _is_due(self, last: TrainingJob | None, after: int) -> bool:
        min_score = self._min_score()
        waiting = self._feedback.count_targets(min_score=min_score, after=after)
        if waiting == 0:
            return False
        if self._rule.after_items and waiting >= self._rule.after_items:
            return True
        if not self._rule.after_hours:
            return False
        first = self._feedback.targets(min_score=min_score, after=after, limit=1)[0]
        since = first.created_at if last is None else max(last.created_at, first.created_at)
        return self._clock() - since >= timedelta(hours=self._rule.after_hours)

    def _min_score(self) -> float:
        if not self._rule.config_path:
            return TrainingConfig().continuous.min_score
        raw = load_config_file(self._folders.config_file(self._rule.config_path))
        return TrainingConfig.parse(raw).continuous.min_score
