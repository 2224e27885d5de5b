"""Direct preference optimisation: the chosen answer becomes likelier than the rejected one, compared with the base.

    loss(pair) = -log sigmoid(beta * ((log p(chosen) - log p0(chosen)) - (log p(rejected) - log p0(rejected))))

p0 is the model before the first step. What it thinks of every answer is computed once and kept in the job's folder, so
that a run that goes on compares with the same numbers.

Source: Rafailov et al. 2023, https://arxiv.org/abs/2305.18290; label smoothing: Mitchell 2023, "A note on DPO with
noisy preferences".
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backend.training.trainers.run.objectives.base import Evaluation, Objective, Portion, SummedLoss
from backend.training.trainers.run.records import TrainingRecords
from backend.training.training_config import DpoSection
from backend.training.utils.batching import length_order, make_batch
from backend.training.utils.output_layer import SplitModel, split_model
from backend.training.utils.ranks import SOLE, Ranks
from backend.training.utils.tensor_files import read_arrays, write_tensors
from backend.training.utils.token_loss import log_probabilities, row_log_probabilities, without_training
from backend.training.utils.token_store import Numbers, TokenRecords
from shared.storage import CorruptArtefact, stage, verify_folder

if TYPE_CHECKING:
    import torch

    LogProbabilities = np.typing.NDArray[np.float64]

_FILE = "log_probabilities.safetensors"


class PreferenceObjective(Objective):
    """A mean over the pairs of the effective batch.

    Args:
        records: Pairs: sequence 2i is the chosen answer of record i, 2i + 1 the rejected one.
        section: Strength of the objective.
        pad_id: Token id for padding.
        eval_batch_size: Pairs per forward pass of an evaluation.
        kept_in: Folder (of this run alone) for what the base model thinks.
        on_batch: Called after every batch of that; may raise to stop.
        ranks: Who shares that and the evaluations.
    """

    name = "dpo"
    figures = ("reward_accuracy", "reward_margin")

    def __init__(
        self,
        records: TrainingRecords,
        section: DpoSection,
        *,
        pad_id: int,
        eval_batch_size: int,
        kept_in: Path,
        on_batch: Callable[[], None],
        ranks: Ranks = SOLE,
    ) -> None:
        self._records = records
        self._section = section
        self._pad_id = pad_id
        self._eval_batch_size = eval_batch_size
        self._kept_in = kept_in
        self._on_batch = on_batch
        self._ranks = ranks
        self._base: Mapping[str, LogProbabilities] = {}
        self._split: SplitModel | None = None

    @property
    def lengths(self) -> Numbers:
        """See `Objective`; the longer answer decides."""
        return _pair_lengths(self._records.train)

    @property
    def validation_share(self) -> float:
        """See `Objective`."""
        return self._records.validation_share

    def prepare(self, model: "torch.nn.Module") -> None:
        """Ask the base model about all answers, or read what it said."""
        self._split = split_model(model)
        is_kept = self._ranks.shared(lambda: "kept" if self._is_kept() else "")
        self._base = read_arrays(self._kept_in / _FILE) if is_kept else self._asked(model)

    def portion(self, indices: Sequence[int], device: "torch.device") -> Portion:
        """See `Objective`."""
        return self._portion(self._records.train, indices, device)

    def loss(self, model: "torch.nn.Module", portion: Portion) -> SummedLoss:
        """See `Objective`."""
        return self._loss(model, portion, self._base["train"])

    def evaluate(self, model: "torch.nn.Module", *, on_batch: Callable[[], None]) -> Evaluation:
        """See `Objective`."""
        validation = self._records.validation
        assert validation is not None  # noqa: S101 - asked only if there is a `validation_share`
        sums = dict.fromkeys(("loss", *self.figures), 0.0)
        device = next(model.parameters()).device
        with without_training(model):
            for indices in self._ranks.dealt(_in_batches(validation, self._eval_batch_size)):
                if indices is not None:
                    found = self._loss(model, self._portion(validation, indices, device), self._base["validation"])
                    for name, value in {"loss": found.total, **found.sums}.items():
                        sums[name] += value.item()
                on_batch()
        pairs = len(validation) // 2
        totals = self._ranks.sum(list(sums.values())).tolist()
        figures = {f"eval_{name}": value / pairs for name, value in zip(sums, totals, strict=True)}
        return Evaluation(figures["eval_loss"], figures | {"eval_pairs": pairs})

    def _portion(self, records: TokenRecords, indices: Sequence[int], device: "torch.device") -> Portion:
        batch = make_batch(records, _sequences(indices), pad_id=self._pad_id, device=device)
        return Portion(indices, batch, len(indices))

    def _loss(self, model: "torch.nn.Module", portion: Portion, base: "LogProbabilities") -> SummedLoss:
        import torch

        before = torch.from_numpy(base[_sequences(portion.indices)])
        found = row_log_probabilities(model, portion.batch, split=self._split)
        gain = found - before.to(found)
        rewards = self._section.beta * gain.view(-1, 2)
        margin = rewards[:, 0] - rewards[:, 1]
        logistic = torch.nn.functional.logsigmoid
        smoothing = self._section.label_smoothing
        total = -((1 - smoothing) * logistic(margin) + smoothing * logistic(-margin)).sum()
        seen = margin.detach()
        return SummedLoss(total, {"reward_accuracy": (seen > 0).sum(), "reward_margin": seen.sum()})

    def _is_kept(self) -> bool:
        try:
            verify_folder(self._kept_in)
        except CorruptArtefact:
            shutil.rmtree(self._kept_in, ignore_errors=True)
            return False
        return True

    def _asked(self, model: "torch.nn.Module") -> "Mapping[str, LogProbabilities]":
        found = {"train": self._of_base(model, self._records.train)}
        if self._records.validation is not None:
            found["validation"] = self._of_base(model, self._records.validation)
        if self._ranks.is_first:
            with stage(self._kept_in) as staged:
                write_tensors(staged.path / _FILE, found)
                staged.publish({"kind": "base_log_probabilities"})
        return found

    def _of_base(self, model: "torch.nn.Module", records: TokenRecords) -> "LogProbabilities":
        return log_probabilities(
            model,
            records,
            batch_size=2 * self._eval_batch_size,
            pad_id=self._pad_id,
            split=self._split,
            on_batch=self._on_batch,
            ranks=self._ranks,
        )


def _sequences(indices: Sequence[int]) -> list[int]:
    """Chosen and rejected sequence of each pair, side by side."""
    return [sequence for index in indices for sequence in (2 * index, 2 * index + 1)]


def _pair_lengths(records: TokenRecords) -> Numbers:
    longest: Numbers = records.lengths.reshape(-1, 2).max(axis=1)
    return longest


def _in_batches(records: TokenRecords, batch_size: int) -> list[list[int]]:
    return length_order(_pair_lengths(records), batch_size=batch_size)
