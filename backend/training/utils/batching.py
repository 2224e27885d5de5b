"""Which records go into which batch, and batches as tensors: a seeded order, short ones together, little padding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backend.training.utils.token_store import TokenRecords

if TYPE_CHECKING:
    import torch

# records are shuffled first and sorted by length only within a pool of this many batches, so that a batch is uniform
# in length while the order stays random
_POOL_BATCHES = 32
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as rectangular tensors.

    Args:
        input_ids: Shape (batch, seq).
        labels: Target ids, shape (batch, seq), -100 where nothing is trained.
        attention_mask: Shape (batch, seq); None if no row is padded, which lets attention take its fast path.
        trained_tokens: Labels that are not -100.
        tokens: Real tokens, without padding.
    """

    input_ids: "torch.Tensor"
    labels: "torch.Tensor"
    attention_mask: "torch.Tensor | None"
    trained_tokens: int
    tokens: int


def epoch_order(
    lengths: Sequence[int] | np.typing.NDArray[np.int64], *, batch_size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Record numbers of every batch of an epoch: a pure function, so any position is found again after a restart."""
    rng = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = rng.permutation(len(lengths))
    pool = batch_size * _POOL_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(-np.asarray(lengths)[part], kind="stable")]
        batches.extend(part[at : at + batch_size].tolist() for at in range(0, len(part), batch_size))
    return [batches[number] for number in rng.permutation(len(batches))]


def length_order(lengths: Sequence[int] | np.typing.NDArray[np.int64], *, batch_size: int) -> list[list[int]]:
    """Batches for evaluation: longest first, no randomness."""
    order = np.argsort(-np.asarray(lengths), kind="stable").tolist()
    return [order[at : at + batch_size] for at in range(0, len(order), batch_size)]


def make_batch(records: TokenRecords, indices: Sequence[int], *, pad_id: int, device: "torch.device") -> Batch:
    """Stack records, padded on the right to the longest of them."""
    import torch

    rows = [records[index] for index in indices]
    longest = max(len(ids) for ids, _ in rows)
    input_ids = np.full((len(rows), longest), pad_id, dtype=np.int64)
    labels = np.full((len(rows), longest), IGNORED, dtype=np.int64)
    attention = np.zeros((len(rows), longest), dtype=np.int64)
    for row, (ids, mask) in enumerate(rows):
        input_ids[row, : len(ids)] = ids
        labels[row, : len(ids)] = np.where(mask == 1, ids, IGNORED)
        attention[row, : len(ids)] = 1
    return Batch(
        input_ids=torch.from_numpy(input_ids).to(device),
        labels=torch.from_numpy(labels).to(device),
        attention_mask=None if attention.all() else torch.from_numpy(attention).to(device),
        trained_tokens=int((labels != IGNORED).sum()),
        tokens=int(attention.sum()),
    )


def batches_of(records: TokenRecords, *, batch_size: int, pad_id: int, device: "torch.device") -> Iterator[Batch]:
    """All records once, in evaluation order."""
    for indices in length_order(records.lengths, batch_size=batch_size):
        yield make_batch(records, indices, pad_id=pad_id, device=device)


def pad_id_of(tokenizer: object) -> int:
    """A token id for padding; which one does not matter, since padding is neither attended to nor trained."""
    for name in ("pad_token_id", "eos_token_id"):
        found = getattr(tokenizer, name, None)
        if isinstance(found, int):
            return found
    return 0
