"""The training service: jobs in, adapters out.

    from backend.training import app, TrainingJobManager, TrainingJob, JobStatus, TrainerType

The names are made on first use: importing the package reads no settings and opens nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.training.manager import TrainingJobManager
    from shared.models.job import JobStatus, TrainerType, TrainingJob

__all__ = ["JobStatus", "TrainerType", "TrainingJob", "TrainingJobManager", "app"]

_HOMES = {
    "TrainingJobManager": "backend.training.manager",
    "JobStatus": "shared.models.job",
    "TrainerType": "shared.models.job",
    "TrainingJob": "shared.models.job",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "app":
        from config import get_config

        # the application takes the place of the module of the same name
        application = import_module("backend.training.app").create_app(get_config())
        globals()["app"] = application
        return application
    raise AttributeError(f"module 'backend.training' has no attribute {name!r}")
