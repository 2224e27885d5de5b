"""The embedding that is always there: words and their pieces, hashed; no model, no download, nothing to train.

A text becomes a sum of pseudo-random vectors, one per stem and one per piece of four or five letters, so that a
compound is near its parts and a word near its other forms. It finds what shares words and pieces of words, not what
means the same in other words. Chosen by measuring: docs/decisions/0012-offline-embedding.md.
"""

import hashlib
import math
import re
import threading
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shared.database.citations import folded
from shared.database.embeddings.base import EmbeddingModel
from shared.database.embeddings.frequent_words import WORTH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSION = 1024
_ALGORITHM = 1
_WORD = re.compile(r"[^\W_]+")
_PIECES = (4, 5)
_PIECES_WEIGHT = 1.5
_LONGEST_WORD = 64
_LENGTH_BONUS, _MOST_BONUS = 0.04, 12
_KNOWN_WORDS = 20_000
_PROBE = "gebühren fahrerlaubnisverordnungen aufgehobenen rechtsbehelfsbelehrungen bürgerlichen häuser läuft 35a"


class HashedEmbedder:
    """Vectors of words and pieces of words; equal on every machine.

    Args:
        dimension: Numbers per vector; more keep words better apart.
        pieces_weight: Of all pieces of a word, beside the word itself; 0 for words only.
        is_weighted: Whether frequent words count less; for measuring what it is worth.
    """

    def __init__(
        self, dimension: int = DIMENSION, *, pieces_weight: float = _PIECES_WEIGHT, is_weighted: bool = True
    ) -> None:
        import Stemmer

        self._dimension = dimension
        self._pieces_weight = pieces_weight
        self._worth = WORTH if is_weighted else {}
        self._stemmer = Stemmer.Stemmer("german")
        self._known: dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]] = {}
        self._earlier: dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]] = {}
        self._lock = threading.Lock()

    @cached_property
    def model(self) -> EmbeddingModel:
        """The algorithm's number, and a digest of weights and stems, so that another stemmer is another revision.

        Made without numpy: an idle service asks for it.
        """
        with self._lock:
            stems = [self._stemmer.stemWord(word) for word in (*_PROBE.split(), *WORTH)]
        weights = [*self._worth.items(), self._pieces_weight, *_PIECES, _LENGTH_BONUS, _MOST_BONUS, _LONGEST_WORD]
        digest = hashlib.sha256(repr((stems, weights)).encode()).hexdigest()[:8]
        return EmbeddingModel("hashed", f"{_ALGORITHM}.{digest}", self._dimension)

    def embed_passages(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """See `Embedder.embed_passages`; a text without words has an arbitrary direction that nothing is near."""
        import numpy as np

        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            vector[:] = self._sum(text)
            length = float(np.linalg.norm(vector))
            if length:
                vector /= length
            else:
                vector[0] = 1.0
        return vectors

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """See `Embedder.embed_query`; questions and passages are treated alike."""
        query: NDArray[np.float32] = self.embed_passages([text])[0]
        return query

    def _sum(self, text: str) -> "NDArray[Any]":
        import numpy as np

        counts = Counter(_WORD.findall(folded(text).lower()))
        features = [self._features(word) for word in counts]
        if not features:
            return np.zeros(self._dimension)
        places = np.concatenate([places for places, _ in features])
        weights = np.concatenate([weights for _, weights in features])
        often = 1 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
        return np.bincount(places, weights * np.repeat(often, [len(places) for places, _ in features]), self._dimension)

    def _features(self, word: str) -> "tuple[NDArray[np.int32], NDArray[np.float32]]":
        """Places and signed weights of one word."""
        known = self._known.get(word)
        if known is None:
            known = self._earlier.get(word) or self._new_features(word[:_LONGEST_WORD])
            if len(self._known) >= _KNOWN_WORDS:
                # words that are not met again in a whole generation are forgotten
                self._known, self._earlier = {}, self._known
            self._known[word] = known
        return known

    def _new_features(self, word: str) -> "tuple[NDArray[np.int32], NDArray[np.float32]]":
        import numpy as np

        with self._lock:
            stem = self._stemmer.stemWord(word)
        worth = self._worth.get(stem) or 1.0 + _LENGTH_BONUS * min(_MOST_BONUS, max(0, len(stem) - _PIECES[0]))
        marked = f"<{stem}>"
        pieces = [marked[n : n + size] for size in _PIECES for n in range(len(marked) - size + 1)]
        each = self._pieces_weight * worth / math.sqrt(len(pieces)) if pieces else 0.0
        features = ["w" + stem, *("g" + piece for piece in pieces if each)]
        numbers = _mixed(np.array([zlib.crc32(feature.encode()) for feature in features], dtype=np.uint64))
        weights = np.full(len(features), each, dtype=np.float32)
        weights[0] = worth
        signs = np.where(numbers >> np.uint64(63), np.float32(1), np.float32(-1))
        return (numbers % np.uint64(self._dimension)).astype(np.int32), weights * signs


def _mixed(numbers: "NDArray[np.uint64]") -> "NDArray[np.uint64]":
    """64 bits each of which depends on all of the given ones: the end of splitmix64."""
    import numpy as np

    numbers = numbers * np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ numbers >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ numbers >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return numbers ^ numbers >> np.uint64(31)
