"""Held-out perplexity of base model and adapter on the same tokens, both loaded fresh from disk.

Of preference records the chosen answers are measured, and how often the adapter moved towards them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backend.training.formats.golden_chats import load_adapter_tokenizer
from backend.training.formats.token_cache import TokenCache
from backend.training.formats.tokenizing import fitting_length, tokenize_file, truncate_file
from backend.training.utils import base_model
from backend.training.utils.adapted_model import with_saved_adapter
from backend.training.utils.base_model import DtypeName
from backend.training.utils.batching import pad_id_of
from backend.training.utils.determinism import deterministic
from backend.training.utils.metrics import perplexity
from backend.training.utils.output_layer import split_model
from backend.training.utils.token_loss import MeanLoss, log_probabilities, mean_loss
from backend.training.utils.token_store import TokenRecords
from backend.training.utils.trained_with import trained_length, trained_quantization

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """What to measure and where.

    Args:
        base_model: Folder or hub name, as the trainer got it.
        adapter_dir: Folder that a trainer filled.
        test_file: Records that training never read.
        scratch_dir: Private folder for tokenised records.
        max_length: Tokens per record, as in training; None takes that of the training run.
        dtype: As in training.
        batch_size: Records per forward pass.
        cpu_threads: Threads for the CPU backend.
        token_cache: Where tokenised files are kept over jobs; None keeps none.
        on_progress: Called now and then; may raise to stop.
    """

    base_model: str
    adapter_dir: Path
    test_file: Path
    scratch_dir: Path
    is_offline: bool = True
    max_length: int | None = None
    dtype: DtypeName = "auto"
    batch_size: int = 4
    cpu_threads: int = 1
    token_cache: TokenCache | None = None
    on_progress: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class PerplexityReport:
    """Base model against adapter.

    Args:
        base_loss: Mean negative log-likelihood, nats per token.
        adapter_loss: The same with the adapter.
        tokens: Tokens both were asked to predict.
        truncated_records: Records whose end was not looked at.
        preference_accuracy: Share of pairs whose chosen answer gained more than the rejected one; None without pairs.
    """

    base_loss: float
    adapter_loss: float
    records: int
    tokens: int
    truncated_records: int
    preference_accuracy: float | None = None

    @property
    def ratio(self) -> float:
        """Adapter's perplexity divided by that of its base; below 1 is better."""
        return perplexity(self.adapter_loss - self.base_loss)

    def as_metrics(self) -> dict[str, float]:
        """All figures by name."""
        return {
            "base_loss": self.base_loss,
            "adapter_loss": self.adapter_loss,
            "base_perplexity": perplexity(self.base_loss),
            "adapter_perplexity": perplexity(self.adapter_loss),
            "ratio": self.ratio,
            "records": self.records,
            "tokens": self.tokens,
            "truncated_records": self.truncated_records,
            **({} if self.preference_accuracy is None else {"preference_accuracy": self.preference_accuracy}),
        }


def evaluate_perplexity(task: EvaluationTask) -> PerplexityReport:
    """Measure base model and adapter on the records of `task.test_file`.

    Raises:
        InvalidRecords: If the test file has bad rows.
        EmptyData: If it has none.
        BaseModelMissing: If the base model is gone.
        InvalidBaseModel: If its folder is damaged.
        AdapterDoesNotFit: If the adapter is not for this base model.
        ChatsWrittenOtherwise: If its tokenizer does not write what it was trained with.
    """
    folder = base_model.locate_base_model(task.base_model, is_offline=task.is_offline)
    with deterministic(seed=0, threads=task.cpu_threads):
        tokenizer = load_adapter_tokenizer(task.adapter_dir)
        file = tokenize_file(
            task.test_file,
            tokenizer,
            task.scratch_dir,
            "test",
            cache=task.token_cache,
            on_progress=lambda _: task.on_progress(),
        )
        limit = base_model.model_limit(base_model.load_config(folder))
        asked = task.max_length or trained_length(task.adapter_dir)
        records = truncate_file(file, fitting_length(file.records, asked=asked, model_limit=limit))
        # as in training: other roundings of the base would be counted as the adapter's doing
        model = base_model.load_model(folder, dtype=task.dtype, quantization=trained_quantization(task.adapter_dir))
        measured = _Measurement(records, task, pad_id_of(tokenizer), are_pairs=file.sequences_per_record == 2)
        base = measured.of(model)
        adapted = measured.of(with_saved_adapter(model, task.adapter_dir))
    return PerplexityReport(
        base.loss.loss,
        adapted.loss.loss,
        base.loss.records,
        base.loss.tokens,
        records.truncated,
        _share_of_gains(base.answers, adapted.answers),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Of one model: the loss, and the log-likelihood of each answer of each pair, shape (pairs, 2)."""

    loss: MeanLoss
    answers: np.typing.NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class _Measurement:
    """The same for both models."""

    records: TokenRecords
    task: EvaluationTask
    pad_id: int
    are_pairs: bool

    def of(self, model: "torch.nn.Module") -> _Found:
        """Measure one of them."""
        records, task = self.records, self.task
        chosen = records.select(np.arange(0, len(records), 2)) if self.are_pairs else records
        split = split_model(model)
        loss = mean_loss(
            model, chosen, batch_size=task.batch_size, pad_id=self.pad_id, split=split, on_batch=task.on_progress
        )
        if not self.are_pairs:
            return _Found(loss, None)
        answers = log_probabilities(
            model, records, batch_size=task.batch_size, pad_id=self.pad_id, split=split, on_batch=task.on_progress
        )
        return _Found(loss, answers.reshape(-1, 2))


def _share_of_gains(
    base: np.typing.NDArray[np.float64] | None, adapted: np.typing.NDArray[np.float64] | None
) -> float | None:
    if base is None or adapted is None:
        return None
    gains = adapted - base
    return float((gains[:, 0] > gains[:, 1]).mean())
