"""What the probe learns: a small random linear map, by gradient descent on two low-rank factors, in numpy alone."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

Matrix = np.typing.NDArray[np.float32]

RECORDS = 64
BATCH_SIZE = 8
_DROPOUT = 0.1
_BETAS = (0.9, 0.999)
_EPSILON = 1e-8
_TARGET_RANK = 4
_A = "base_model.model.linear.lora_A.weight"
_B = "base_model.model.linear.lora_B.weight"


@dataclass(frozen=True, slots=True)
class LinearTask:
    """Records to learn from, the same for the same seed: outputs are what a hidden map of low rank adds to a base.

    Args:
        base: The frozen map, shape (width, width).
        inputs: Shape (records, width).
        targets: What the update is to add to the base's outputs, shape (records, width).
    """

    base: Matrix
    inputs: Matrix
    targets: Matrix

    @classmethod
    def make(cls, *, width: int, seed: int) -> "LinearTask":
        """The task of this seed."""
        rng = np.random.Generator(np.random.PCG64(seed))
        base = _normal(rng, (width, width)) / np.float32(np.sqrt(width))
        hidden = _normal(rng, (width, _TARGET_RANK)) @ _normal(rng, (_TARGET_RANK, width)) / np.float32(width)
        inputs = _normal(rng, (RECORDS, width))
        return cls(base, inputs, inputs @ hidden.T)

    @property
    def digest(self) -> str:
        """SHA-256 of the frozen map, hex."""
        return hashlib.sha256(self.base.tobytes()).hexdigest()


@dataclass(slots=True)
class LowRankUpdate:
    """The factors A and B of an update `scale * B A`, with the moments of their optimizer (Adam).

    Args:
        factors: A of shape (rank, width), random at first, and B of shape (width, rank), zero at first, so that
            training begins at the base; under the names that PEFT gives them in a model whose one layer is `linear`.
        moments: By `factor|moment`.
    """

    factors: dict[str, Matrix]
    scale: float
    moments: dict[str, Matrix] = field(default_factory=dict)

    @classmethod
    def fresh(cls, *, width: int, rank: int, scale: float) -> "LowRankUpdate":
        """An update that changes nothing yet; draws from numpy's global generator."""
        a = (np.random.standard_normal((rank, width)) / np.sqrt(width)).astype(np.float32)
        return cls({_A: a, _B: np.zeros((width, rank), dtype=np.float32)}, scale)

    def step(self, task: LinearTask, batch: list[int], *, rate: float, number: int) -> tuple[float, float]:
        """One step of Adam on the mean squared error of a batch, with dropout from numpy's global generator.

        Args:
            task: What is learned.
            batch: Record numbers.
            rate: Learning rate.
            number: Of this step, from 1.

        Returns:
            Loss and 2-norm of the gradient.
        """
        a, b = self.factors[_A], self.factors[_B]
        kept = np.random.random_sample((len(batch), task.inputs.shape[1])) >= _DROPOUT
        inputs = task.inputs[batch] * (kept / (1 - _DROPOUT)).astype(np.float32)
        inner = inputs @ a.T
        error = np.float32(self.scale) * (inner @ b.T) - task.targets[batch]
        outer = error * np.float32(2 * self.scale / error.size)
        gradients = {_A: (outer @ b).T @ inputs, _B: outer.T @ inner}
        for name, gradient in gradients.items():
            self._descend(name, gradient, rate=rate, number=number)
        norm = float(np.sqrt(sum(float(np.sum(gradient * gradient)) for gradient in gradients.values())))
        return float(np.mean(error * error)), norm

    def _descend(self, name: str, gradient: Matrix, *, rate: float, number: int) -> None:
        size = np.zeros_like(gradient)
        first = self._moment(f"{name}|first", gradient, decay=_BETAS[0], initial=size)
        second = self._moment(f"{name}|second", gradient * gradient, decay=_BETAS[1], initial=size)
        mean = first / np.float32(1 - _BETAS[0] ** number)
        spread = np.sqrt(second / np.float32(1 - _BETAS[1] ** number)) + np.float32(_EPSILON)
        self.factors[name] = self.factors[name] - np.float32(rate) * mean / spread

    def _moment(self, name: str, value: Matrix, *, decay: float, initial: Matrix) -> Matrix:
        moment = np.float32(decay) * self.moments.get(name, initial) + np.float32(1 - decay) * value
        self.moments[name] = moment
        return moment


def _normal(rng: np.random.Generator, shape: tuple[int, int]) -> Matrix:
    return rng.standard_normal(shape, dtype=np.float32)
