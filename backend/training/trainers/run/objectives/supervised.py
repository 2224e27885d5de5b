"""Supervised learning: the negative log-likelihood of every trained token."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from backend.training.trainers.run.objectives.base import Evaluation, Objective, Portion, SummedLoss
from backend.training.trainers.run.records import TrainingRecords
from backend.training.utils.batching import make_batch
from backend.training.utils.output_layer import SplitModel, split_model
from backend.training.utils.ranks import SOLE, Ranks
from backend.training.utils.token_loss import mean_loss, summed_loss
from backend.training.utils.token_store import Numbers

if TYPE_CHECKING:
    import torch


class SupervisedObjective(Objective):
    """A mean over the trained tokens of the effective batch (not a mean of means).

    Args:
        records: What is learnt and what is held out.
        pad_id: Token id for padding.
        eval_batch_size: Records per forward pass of an evaluation.
        ranks: Who shares the evaluations.
    """

    name = "sft"

    def __init__(self, records: TrainingRecords, *, pad_id: int, eval_batch_size: int, ranks: Ranks = SOLE) -> None:
        self._records = records
        self._pad_id = pad_id
        self._eval_batch_size = eval_batch_size
        self._ranks = ranks
        self._split: SplitModel | None = None

    @property
    def lengths(self) -> Numbers:
        """See `Objective`."""
        return self._records.train.lengths

    @property
    def validation_share(self) -> float:
        """See `Objective`."""
        return self._records.validation_share

    def prepare(self, model: "torch.nn.Module") -> None:
        """Find out whether the output layer can be asked apart."""
        self._split = split_model(model)

    def portion(self, indices: Sequence[int], device: "torch.device") -> Portion:
        """See `Objective`."""
        batch = make_batch(self._records.train, indices, pad_id=self._pad_id, device=device)
        return Portion(indices, batch, batch.trained_tokens)

    def loss(self, model: "torch.nn.Module", portion: Portion) -> SummedLoss:
        """See `Objective`."""
        return SummedLoss(summed_loss(model, portion.batch, split=self._split))

    def evaluate(self, model: "torch.nn.Module", *, on_batch: Callable[[], None]) -> Evaluation:
        """See `Objective`."""
        assert self._records.validation is not None  # noqa: S101 - asked only if there is a `validation_share`
        found = mean_loss(
            model,
            self._records.validation,
            batch_size=self._eval_batch_size,
            pad_id=self._pad_id,
            split=self._split,
            on_batch=on_batch,
            ranks=self._ranks,
        )
        return Evaluation(found.loss, {"eval_loss": found.loss, "eval_tokens": found.tokens})
