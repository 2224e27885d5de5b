"""Which records go into which batch, and batches as tensors: a seeded order, short ones together, little padding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backend.training.utils.token_store import TokenRecords

if TYPE_CHECKING:
    import torch

# records are shuffled first and sorted by length only within a pool of this many batches, so that a batch is uniform
# in length while the order stays random: 1 to 2 % of padding on real records (4 to 6 % with 32)
_POOL_BATCHES = 128


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as a rectangle, padded on the right, and the tokens that are trained.

    There is no attention mask: a causal model never looks to the right, where the padding is, and without a mask its
    attention takes the fast path.

    Args:
        input_ids: Shape (batch, seq).
        positions: Where a trained token is predicted, i.e. one before it, in the flattened rectangle; shape (n,).
        targets: The n trained tokens.
        tokens: Real tokens, without padding.
    """

    input_ids: "torch.Tensor"
    positions: "torch.Tensor"
    targets: "torch.Tensor"
    tokens: int

    @property
    def trained_tokens(self) -> int:
        """How many tokens the batch trains."""
        return len(self.targets)


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
    rows = [records[index] for index in indices]
    longest = max(len(ids) for ids, _ in rows)
    input_ids = np.full((len(rows), longest), pad_id, dtype=np.int64)
    is_trained = np.zeros((len(rows), longest), dtype=np.bool_)
    for row, (ids, mask) in enumerate(rows):
        input_ids[row, : len(ids)] = ids
        is_trained[row, : len(ids)] = mask
    is_trained[:, :1] = False  # nothing precedes a first token
    trained = np.flatnonzero(is_trained)
    return Batch(
        input_ids=_on(device, input_ids),
        positions=_on(device, trained - 1),
        targets=_on(device, input_ids.ravel()[trained]),
        tokens=sum(len(ids) for ids, _ in rows),
    )


def _on(device: "torch.device", array: np.typing.NDArray[np.int64]) -> "torch.Tensor":
    import torch

    tensor = torch.from_numpy(array)
    # pinned memory is copied while the GPU computes and we go on
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def dealt_evenly(
    batches: Sequence[list[int]], lengths: Sequence[int] | np.typing.NDArray[np.int64], *, shares: int
) -> list[list[list[int]]]:
    """The batches of a step in `shares` parts that take about equally long: the largest first, to whom has least.

    A pure function; each part keeps the order of the batches, and may be empty if there are fewer than parts.
    """
    sizes = [len(batch) * max(int(lengths[index]) for index in batch) for batch in batches]
    parts: list[list[int]] = [[] for _ in range(shares)]
    for number in sorted(range(len(batches)), key=lambda one: -sizes[one]):
        min(parts, key=lambda part: sum(sizes[one] for one in part)).append(number)
    return [[batches[number] for number in sorted(part)] for part in parts]


def pad_id_of(tokenizer: object) -> int:
    """A token id for padding; which one does not matter, since padding is neither attended to nor trained."""
    for name in ("pad_token_id", "eos_token_id"):
        found = getattr(tokenizer, name, None)
        if isinstance(found, int):
            return found
    return 0
