"""The contract of an objective: records as batches, a loss with gradient, a measurement on what is held out.

The loop knows steps, rates and checkpoints; what the figures mean is the objective's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from backend.training.utils.batching import Batch
from backend.training.utils.token_store import Numbers

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Portion:
    """Records of one forward pass.

    Args:
        indices: Numbers of the records.
        batch: Their tokens.
        weight: What the loss of the step is a mean over: trained tokens, or pairs.
    """

    indices: Sequence[int]
    batch: Batch
    weight: int


@dataclass(frozen=True, slots=True)
class SummedLoss:
    """Loss of a portion.

    Args:
        total: Sum over the portion, a float32 scalar with gradient.
        sums: Further figures, summed over the portion, by name; scalars that stay on the device, since reading one
            would make the host wait.
    """

    total: "torch.Tensor"
    sums: "Mapping[str, torch.Tensor]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured on the validation records.

    Args:
        loss: The mean that early stopping looks at.
        figures: All figures by name, `eval_loss` among them.
    """

    loss: float
    figures: Mapping[str, float]


class Objective(ABC):
    """One way to learn from records.

    Attributes:
        name: As in `training.objective`.
        figures: Names of the further figures of its losses.
    """

    name: ClassVar[str]
    figures: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def lengths(self) -> Numbers:
        """Tokens that each training record needs in a batch, shape (n,)."""

    @property
    @abstractmethod
    def validation_share(self) -> float:
        """Held-out tokens over training tokens; 0: nothing is held out."""

    @abstractmethod
    def prepare(self, model: "torch.nn.Module") -> None:
        """Look at the model before its first step, when its fresh adapter changes nothing yet."""

    @abstractmethod
    def portion(self, indices: Sequence[int], device: "torch.device") -> Portion:
        """The training records of these numbers."""

    @abstractmethod
    def loss(self, model: "torch.nn.Module", portion: Portion) -> SummedLoss:
        """Forward pass over a portion."""

    @abstractmethod
    def evaluate(self, model: "torch.nn.Module", *, on_batch: Callable[[], None]) -> Evaluation:
        """Measure the validation records, without gradients and dropout; the model's mode is given back.

        Args:
            model: In any state.
            on_batch: Called after every batch; may raise to stop.
        """
