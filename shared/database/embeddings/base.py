"""What every embedder is: texts to unit vectors, and a name under which vectors may stand beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """Which vectors these are; vectors of two models are never compared.

    Args:
        name: What a person calls it, e.g. "hashed" or a folder's name.
        revision: Changes whenever equal texts could get other vectors: a digest of weights, or a version.
        dimension: Numbers per vector.
    """

    name: str
    revision: str
    dimension: int

    @property
    def key(self) -> str:
        """One string for all three, as stores keep it beside the vectors."""
        return f"{self.name}@{self.revision}/{self.dimension}"


class Embedder(Protocol):
    """Makes vectors; safe to share between threads."""

    @property
    def model(self) -> EmbeddingModel:
        """Which vectors it makes.

        Raises:
            Unavailable: If that cannot be found out now (an endpoint is down, a folder is gone).
        """
        ...

    def embed_passages(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Vectors of texts that are to be found: shape (texts, dimension), each of unit length.

        Raises:
            Unavailable: If the model cannot serve.
        """
        ...

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """The vector of a question, shape (dimension,), unit length.

        Raises:
            Unavailable: If the model cannot serve.
        """
        ...
