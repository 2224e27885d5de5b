"""The language between the service and the process that looks at records: an order, signs of life, a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.common.child_order import ChildOrder
from backend.training.formats.token_cache import TokenCache
from backend.training.training_config import TrainingConfig

if TYPE_CHECKING:
    from backend.training.inspection.run import RunInputs


class InspectionMessage(StrEnum):
    """What the process says."""

    ALIVE = "alive"
    REPORT = "report"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class InspectionOrder(ChildOrder):
    """Everything the process needs; it reads no settings and opens no store.

    Args:
        config: The validated training config as plain JSON.
        scratch_root: Existing folder in which it makes a private one.
        token_cache_mb: Size of the token cache (unit: MiB); 0: none.
    """

    trainer_type: str
    config: Mapping[str, Any]
    base_model: str
    chat_template: str | None
    is_offline: bool
    train_path: str
    validation_path: str | None
    scratch_root: str
    token_cache_dir: str
    token_cache_mb: int
    cpu_threads: int

    def inputs(self, scratch: Path) -> "RunInputs":
        """The same as paths and values."""
        from backend.training.inspection.run import RunInputs

        return RunInputs(
            trainer_type=self.trainer_type,
            config=TrainingConfig.parse(self.config),
            base_model=self.base_model,
            chat_template=self.chat_template,
            is_offline=self.is_offline,
            train=Path(self.train_path),
            validation=Path(self.validation_path) if self.validation_path else None,
            scratch=scratch,
            token_cache=TokenCache(Path(self.token_cache_dir), self.token_cache_mb) if self.token_cache_mb else None,
            cpu_threads=self.cpu_threads,
        )
