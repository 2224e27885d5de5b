"""An embedder that is opened when it is first needed: until then nothing of it is loaded."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shared.database.embeddings.base import Embedder, EmbeddingModel
from shared.utils.heavy_imports import load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DeferredEmbedder:
    """Stands for an embedder; threads may share it. What cannot be opened now is tried again by the next call.

    Args:
        open_embedder: Opens it.
    """

    def __init__(self, open_embedder: Callable[[], Embedder]) -> None:
        self._open = open_embedder
        self._opened: Embedder | None = None
        self._lock = threading.Lock()

    @property
    def model(self) -> EmbeddingModel:
        """See `Embedder.model`."""
        return self._embedder().model

    def embed_passages(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """See `Embedder.embed_passages`."""
        load("numpy")
        return self._embedder().embed_passages(texts)

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """See `Embedder.embed_query`."""
        load("numpy")
        return self._embedder().embed_query(text)

    def _embedder(self) -> Embedder:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened
