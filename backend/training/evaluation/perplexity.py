"""Held-out perplexity of base model and adapter on the same tokens, both loaded fresh from disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backend.training.evaluation.trained_with import trained_length, trained_quantization
from backend.training.formats.tokenizing import fitting_length, tokenize_file, truncate_file
from backend.training.utils import base_model
from backend.training.utils.adapted_model import with_saved_adapter
from backend.training.utils.base_model import DtypeName
from backend.training.utils.batching import pad_id_of
from backend.training.utils.determinism import deterministic
from backend.training.utils.metrics import perplexity
from backend.training.utils.token_loss import MeanLoss, mean_loss
from backend.training.utils.token_store import TokenRecords

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
    on_progress: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class PerplexityReport:
    """Base model against adapter.

    Args:
        base_loss: Mean negative log-likelihood, nats per token.
        adapter_loss: The same with the adapter.
        tokens: Tokens both were asked to predict.
        truncated_records: Records whose end was not looked at.
    """

    base_loss: float
    adapter_loss: float
    records: int
    tokens: int
    truncated_records: int

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
        }


def evaluate_perplexity(task: EvaluationTask) -> PerplexityReport:
    """Measure base model and adapter on the records of `task.test_file`.

    Raises:
        InvalidRecords: If the test file has bad rows.
        EmptyData: If it has none.
        BaseModelMissing: If the base model is gone.
        InvalidBaseModel: If its folder is damaged.
        AdapterDoesNotFit: If the adapter is not for this base model.
    """
    folder = base_model.locate_base_model(task.base_model, is_offline=task.is_offline)
    with deterministic(seed=0, threads=task.cpu_threads):
        tokenizer = base_model.load_tokenizer(task.adapter_dir)
        file = tokenize_file(
            task.test_file, tokenizer, task.scratch_dir, "test", on_progress=lambda _: task.on_progress()
        )
        limit = base_model.model_limit(base_model.load_config(folder))
        asked = task.max_length or trained_length(task.adapter_dir)
        records = truncate_file(file, fitting_length(file.records, asked=asked, model_limit=limit))
        # as in training: other roundings of the base would be counted as the adapter's doing
        model = base_model.load_model(folder, dtype=task.dtype, quantization=trained_quantization(task.adapter_dir))
        base = _measure(model, records, task, pad_id_of(tokenizer))
        adapted = _measure(with_saved_adapter(model, task.adapter_dir), records, task, pad_id_of(tokenizer))
    return PerplexityReport(base.loss, adapted.loss, base.records, base.tokens, records.truncated)


def _measure(model: "torch.nn.Module", records: TokenRecords, task: EvaluationTask, pad_id: int) -> MeanLoss:
    return mean_loss(model, records, batch_size=task.batch_size, pad_id=pad_id, on_batch=task.on_progress)
