"""Which objective a run has: as its config says, or as its records suggest."""

from backend.training.trainers.base import Reporter, TrainingContext
from backend.training.trainers.run.objectives.base import Objective
from backend.training.trainers.run.objectives.preferences import PreferenceObjective
from backend.training.trainers.run.objectives.supervised import SupervisedObjective
from backend.training.trainers.run.records import TrainingRecords
from backend.training.trainers.run.stopping import go_on
from shared.errors import InvalidInput


class WrongObjective(InvalidInput):
    """Records that the asked objective cannot learn from."""

    code = "wrong_objective"

    def __init__(self, objective: str, shape: str) -> None:
        needed = "preference records (chosen and rejected)" if objective == "dpo" else "records with one answer"
        super().__init__(
            f"training.objective {objective} learns from {needed}; the file holds records of the shape {shape}. "
            "Leave training.objective at auto, or give other records.",
            objective=objective,
            shape=shape,
        )


def resolve_objective(asked: str, *, are_pairs: bool, shape: str) -> str:
    """`sft` or `dpo`.

    Args:
        asked: `training.objective`.
        are_pairs: Whether every record has two answers.
        shape: Name of the record shape, for the error.

    Raises:
        WrongObjective: If the records are not for the asked one.
    """
    suggested = "dpo" if are_pairs else "sft"
    if asked not in ("auto", suggested):
        raise WrongObjective(asked, shape)
    return suggested


def make_objective(
    name: str,
    records: TrainingRecords,
    context: TrainingContext,
    reporter: Reporter,
    *,
    pad_id: int,
    identity: str,
) -> Objective:
    """The objective of this name."""
    batch_size = context.config.training.batch_size
    if name == "sft":
        return SupervisedObjective(records, pad_id=pad_id, eval_batch_size=batch_size, ranks=context.ranks)
    return PreferenceObjective(
        records,
        context.config.dpo,
        pad_id=pad_id,
        eval_batch_size=batch_size,
        kept_in=context.job_dir / f"base-answers-{identity[:16]}",
        on_batch=lambda: go_on(reporter),
        ranks=context.ranks,
    )
