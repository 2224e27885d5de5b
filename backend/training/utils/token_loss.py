"""Likelihoods of trained tokens: summed over a batch for learning and measuring, by row for comparing answers."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from backend.training.utils.batching import Batch, length_order, make_batch
from backend.training.utils.output_layer import SplitModel
from backend.training.utils.ranks import SOLE, Ranks
from backend.training.utils.token_store import TokenRecords

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class MeanLoss:
    """Loss over a set of records.

    Args:
        loss: Mean negative log-likelihood, nats per trained token.
        tokens: Trained tokens it is a mean over.
        records: Number of records.
    """

    loss: float
    tokens: int
    records: int


def summed_loss(model: "torch.nn.Module", batch: Batch, *, split: SplitModel | None = None) -> "torch.Tensor":
    """Sum of the negative log-likelihoods of all trained tokens of a batch, a float32 scalar with gradient.

    Args:
        model: Any causal language model.
        batch: What it reads.
        split: Its parts, if it has such: the same loss up to rounding, with less time and memory.
    """
    return _losses(model, batch, split).sum()


def row_log_probabilities(model: "torch.nn.Module", batch: Batch, *, split: SplitModel | None = None) -> "torch.Tensor":
    """Log-likelihood of the trained tokens of each row, shape (batch,), float32 with gradient."""
    losses = _losses(model, batch, split)
    rows, length = batch.input_ids.shape
    return -losses.new_zeros(rows).index_add(0, batch.positions // length, losses)


def _losses(model: "torch.nn.Module", batch: Batch, split: SplitModel | None) -> "torch.Tensor":
    """Of each trained token, shape (n,); the output layer's scores are widened to float32 before the softmax."""
    import torch

    from backend.training.utils.chunked_loss import chunked_losses

    if split is not None:
        hidden = split.body(input_ids=batch.input_ids, use_cache=False).last_hidden_state
        return chunked_losses(hidden.flatten(0, 1).index_select(0, batch.positions), split.output, batch.targets)
    scores = model(input_ids=batch.input_ids, use_cache=False).logits.flatten(0, 1)
    return torch.nn.functional.cross_entropy(
        scores.index_select(0, batch.positions).float(), batch.targets, reduction="none"
    )


@contextlib.contextmanager
def without_training(model: "torch.nn.Module") -> Iterator[None]:
    """No gradients and no dropout; the model's mode is given back."""
    import torch

    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def mean_loss(
    model: "torch.nn.Module",
    records: TokenRecords,
    *,
    batch_size: int,
    pad_id: int,
    split: SplitModel | None = None,
    on_batch: Callable[[], None] = lambda: None,
    ranks: Ranks = SOLE,
) -> MeanLoss:
    """Mean loss over all records, without gradients and dropout; the model's mode is given back.

    Args:
        model: Any causal language model.
        records: What it is measured on.
        batch_size: Records per forward pass; the result does not depend on it beyond rounding.
        pad_id: Token id for padding.
        split: Its parts, if it has such.
        on_batch: Called after every batch; may raise to stop.
        ranks: Who shares the batches; all of them get the same result.
    """
    device = next(model.parameters()).device
    total, tokens = 0.0, 0
    with without_training(model):
        for indices in ranks.dealt(length_order(records.lengths, batch_size=batch_size)):
            if indices is not None:
                batch = make_batch(records, indices, pad_id=pad_id, device=device)
                total += summed_loss(model, batch, split=split).item()
                tokens += batch.trained_tokens
            on_batch()
    total, tokens = ranks.sum([total, tokens]).tolist()
    return MeanLoss(total / tokens, int(tokens), len(records))


def log_probabilities(
    model: "torch.nn.Module",
    records: TokenRecords,
    *,
    batch_size: int,
    pad_id: int,
    split: SplitModel | None = None,
    on_batch: Callable[[], None] = lambda: None,
    ranks: Ranks = SOLE,
) -> npt.NDArray[np.float64]:
    """Log-likelihood of the trained tokens of each sequence, shape (n,), without gradients and dropout.

    Args:
        model: Any causal language model.
        records: Sequences.
        batch_size: Sequences per forward pass.
        pad_id: Token id for padding.
        split: Its parts, if it has such.
        on_batch: Called after every batch; may raise to stop.
        ranks: Who shares the batches; all of them get the same result, to the bit that of one process.
    """
    found = np.zeros(len(records), dtype=np.float64)
    device = next(model.parameters()).device
    with without_training(model):
        for indices in ranks.dealt(length_order(records.lengths, batch_size=batch_size)):
            if indices is not None:
                batch = make_batch(records, indices, pad_id=pad_id, device=device)
                found[indices] = row_log_probabilities(model, batch, split=split).double().cpu().numpy()
            on_batch()
    return ranks.sum(found)
