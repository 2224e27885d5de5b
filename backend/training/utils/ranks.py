"""The processes of one run and what they tell each other; a run of one process talks to nobody.

Every method that exchanges something has to be called by all ranks, in the same order. What is added up is added in an
order that depends on nothing but the number of ranks.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from shared.errors import Unavailable

if TYPE_CHECKING:
    import numpy as np
    import torch

    Floats = np.typing.NDArray[np.float64]

T = TypeVar("T")

# who waits too long is found by the service, which hears nothing then; a rank may well wait for an hour of tokenising
_PATIENCE = timedelta(days=7)


class RankLost(Exception):
    """Another process of this run is gone, so nothing can be added up any more; the reason is that one's."""


class RanksDisagree(Unavailable):
    """Processes that should hold the same weights do not."""

    code = "ranks_disagree"

    def __init__(self, step: int, count: int) -> None:
        super().__init__(
            f"The {count} processes of the run do not hold the same weights at step {step}. Nothing of this step is "
            "kept; the run goes on from its last checkpoint. If it happens again, set training.num_processes to 1.",
            step=step,
            num_processes=count,
        )


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those of its run.

    Args:
        rank: Its number, from 0.
        count: How many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this one talks to the service and writes what others read."""
        return self.rank == 0

    def dealt(self, items: Sequence[T]) -> Iterator[T | None]:
        """Every `count`-th item; None in the last round of a rank for which none is left, so that rounds are equal."""
        for start in range(0, len(items), self.count):
            at = start + self.rank
            yield items[at] if at < len(items) else None

    def sum(self, values: "np.typing.ArrayLike") -> "Floats":
        """The sum over all ranks, shape as given; whole numbers below 2**53 are exact."""
        import numpy as np

        own = np.asarray(values, dtype=np.float64)
        if self.count == 1:
            return own
        import torch

        total = torch.from_numpy(own.copy())
        _reduce(total)
        return total.numpy()

    def add_gradients(self, parameters: "Iterable[torch.nn.Parameter]") -> None:
        """Make every gradient the sum over all ranks: one flat buffer, one exchange."""
        if self.count == 1:
            return
        import torch

        trained = list(parameters)
        # a rank that got nothing to do has no gradient
        grads = [torch.zeros_like(one) if one.grad is None else one.grad for one in trained]
        flat = torch.cat([grad.reshape(-1) for grad in grads])
        _reduce(flat)
        for parameter, part in zip(trained, torch.split(flat, [grad.numel() for grad in grads]), strict=True):
            parameter.grad = part.view_as(parameter)

    def gathered(self, text: str) -> list[str]:
        """What every rank says, in their order."""
        if self.count == 1:
            return [text]
        import numpy as np
        import torch

        own = text.encode()
        sizes = self.sum([len(own) if rank == self.rank else 0 for rank in range(self.count)]).astype(int)
        padded = np.zeros(int(sizes.max()), dtype=np.uint8)
        padded[: len(own)] = np.frombuffer(own, dtype=np.uint8)
        found = [torch.zeros(len(padded), dtype=torch.uint8) for _ in range(self.count)]
        with _connected():
            torch.distributed.all_gather(found, torch.from_numpy(padded))
        return [one.numpy()[:size].tobytes().decode() for one, size in zip(found, sizes, strict=True)]

    def shared(self, make: Callable[[], str]) -> str:
        """What the first rank makes of it; the others wait for it."""
        return self.gathered(make() if self.is_first else "")[0]

    @contextlib.contextmanager
    def first(self) -> Iterator[None]:
        """The first rank goes through this block alone, then the others."""
        if not self.is_first:
            self._wait()
        yield
        if self.is_first:
            self._wait()

    def check_same(self, step: int, weights: "Mapping[str, torch.nn.Parameter]") -> None:
        """Make sure that all ranks are at this step with the same weights, bit by bit.

        Raises:
            RanksDisagree: If they are not.
        """
        if self.count > 1 and len(set(self.gathered(f"{step} {_digest(weights)}"))) > 1:
            raise RanksDisagree(step, self.count)

    def _wait(self) -> None:
        self.sum([0.0])


SOLE = Ranks()
"""A run of one process."""


@contextlib.contextmanager
def joined(rank: int, count: int, meeting_point: Path) -> Iterator[Ranks]:
    """Meet the other ranks of this machine: over gloo, gradients on GPUs over NCCL.

    Args:
        rank: Of this process.
        count: Of the run.
        meeting_point: File that all of them name and that was not there before; no port is opened for it.
    """
    import torch
    from torch import distributed

    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    with _connected():
        store = distributed.FileStore(str(meeting_point), count)  # type: ignore[attr-defined]  # public, unsaid
        distributed.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=_PATIENCE)
    try:
        ranks = Ranks(rank, count)
        # gloo returns on one side while the other still connects: who left now would seem to have crashed there
        ranks._wait()
        yield ranks
    finally:
        distributed.destroy_process_group()


def _reduce(tensor: "torch.Tensor") -> None:
    from torch import distributed

    with _connected():
        distributed.all_reduce(tensor)


@contextlib.contextmanager
def _connected() -> Iterator[None]:
    """Tell the end of another process from an error of this one.

    Raises:
        RankLost: For whatever the transport says of a connection.
    """
    try:
        yield
    except RuntimeError as exc:
        if "out of memory" in str(exc).lower():
            raise
        raise RankLost(str(exc)) from exc


def _digest(weights: "Mapping[str, torch.nn.Parameter]") -> str:
    digest = hashlib.sha256()
    for name, weight in weights.items():
        digest.update(name.encode())
        digest.update(weight.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
