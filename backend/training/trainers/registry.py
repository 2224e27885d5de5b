"""Which trainers are installed: every `BaseTrainer` in this folder, by its `trainer_type`."""

from collections.abc import Mapping

from backend.training import trainers
from backend.training.trainers.base import BaseTrainer
from shared.errors import InvalidInput
from shared.utils.discovery import classes_in
from shared.utils.nearest import nearest


class UnknownTrainer(InvalidInput):
    """No trainer of this type is installed."""

    code = "unknown_trainer"

    def __init__(self, asked: str, installed: list[str]) -> None:
        guess = nearest(asked, installed)
        hint = f"; did you mean '{guess}'?" if guess else "."
        super().__init__(
            f"trainer_type '{asked}' is not installed; installed: {', '.join(installed)}{hint}",
            trainer_type=asked,
            installed=installed,
        )


def installed_trainers() -> Mapping[str, type[BaseTrainer]]:
    """Trainer type -> class, in alphabetical order."""
    found = {cls.trainer_type: cls for cls in classes_in(trainers, BaseTrainer)}  # type: ignore[type-abstract]  # mypy#4717
    return dict(sorted(found.items()))


def trainers_for(*, is_production: bool) -> frozenset[str]:
    """Types of the installed trainers that such an installation may run."""
    found = installed_trainers()
    return frozenset(name for name, trainer in found.items() if trainer.is_for_production or not is_production)


def trainer_for(trainer_type: str) -> BaseTrainer:
    """A trainer of this type.

    Raises:
        UnknownTrainer: If none is installed.
    """
    found = installed_trainers()
    if trainer_type not in found:
        raise UnknownTrainer(trainer_type, list(found))
    return found[trainer_type]()
