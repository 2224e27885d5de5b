"""The resolver of inputs as a service composes it."""

from backend.training.feedback_inputs import FeedbackInputResolver, FeedbackSources
from backend.training.folders import TrainingFolders
from backend.training.inputs import InputResolver
from shared.database.stores import Stores


def input_resolver(stores: Stores, folders: TrainingFolders, *, default_model: str = "starter") -> InputResolver:
    """Offline, as a service composes it."""
    sources = FeedbackSources(stores.feedback, stores.adapters, stores.jobs, stores.datasets)
    feedback = FeedbackInputResolver(sources, folders)
    return InputResolver(stores.datasets, folders, default_model=default_model, is_offline=True, feedback=feedback)
