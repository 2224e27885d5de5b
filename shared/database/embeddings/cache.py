"""Vectors of passages that were embedded before, in one SQLite file; what makes re-embedding resumable and cheap.

A cache can always be missing: whatever is wrong with its file is logged, and the texts are embedded.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from shared.database.embeddings.base import Embedder, EmbeddingModel
from shared.database.write_ahead_log import use_write_ahead_log

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    row INTEGER PRIMARY KEY AUTOINCREMENT, model TEXT NOT NULL, digest BLOB NOT NULL, vector BLOB NOT NULL,
    UNIQUE (model, digest)
)
"""
_LOOK_UP = 500
_TIMEOUT_S = 2.0
_PRUNED_PART = 5


class CachedEmbedder:
    """An embedder with a memory; safe to share between threads and processes.

    Args:
        embedder: Asked for what is not known.
        path: The SQLite file; made when it is first needed.
        limit_bytes: Size at which the oldest fifth is dropped.
    """

    def __init__(self, embedder: Embedder, path: Path, *, limit_bytes: int) -> None:
        self._embedder = embedder
        self._path = path
        self._limit_bytes = limit_bytes

    @property
    def model(self) -> EmbeddingModel:
        """See `Embedder.model`."""
        return self._embedder.model

    def embed_passages(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Known vectors from the file, the others from the embedder; see `Embedder.embed_passages`."""
        import numpy as np

        digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        known = self._known(digests)
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
        if missing:
            made = self._embedder.embed_passages(list(missing.values()))
            fresh = {digest: vector.astype("<f4").tobytes() for digest, vector in zip(missing, made, strict=True)}
            self._keep(fresh)
            known = {**known, **fresh}
        vectors = np.frombuffer(b"".join(known[digest] for digest in digests), dtype="<f4")
        return vectors.reshape(len(texts), self.model.dimension).astype(np.float32)

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """See `Embedder.embed_query`; questions are not kept."""
        return self._embedder.embed_query(text)

    def close(self) -> None:
        """Close what is behind, where that can be closed."""
        close = getattr(self._embedder, "close", None)
        if close is not None:
            close()

    def _known(self, digests: Sequence[bytes]) -> Mapping[bytes, bytes]:
        size = 4 * self.model.dimension
        found: dict[bytes, bytes] = {}
        if not self._path.exists():
            return found
        try:
            with closing(self._open()) as connection:
                for start in range(0, len(digests), _LOOK_UP):
                    some = digests[start : start + _LOOK_UP]
                    marks = ", ".join("?" * len(some))
                    rows = connection.execute(
                        f"SELECT digest, vector FROM vectors WHERE model = ? AND digest IN ({marks})",  # noqa: S608
                        (self.model.key, *some),
                    ).fetchall()
                    found |= {digest: vector for digest, vector in rows if len(vector) == size}
        except (sqlite3.Error, OSError) as exc:
            self._give_up(exc)
            return {}
        return found

    def _keep(self, fresh: Mapping[bytes, bytes]) -> None:
        key = self.model.key
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as connection, connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO vectors (model, digest, vector) VALUES (?, ?, ?)",
                    [(key, digest, vector) for digest, vector in fresh.items()],
                )
                self._prune(connection)
        except (sqlite3.Error, OSError) as exc:
            self._give_up(exc)

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Drop the oldest while the pages in use are too many; their room is used again."""
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
        if (pages - free) * page_size <= self._limit_bytes:
            return
        (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
        connection.execute(
            "DELETE FROM vectors WHERE row IN (SELECT row FROM vectors ORDER BY row LIMIT ?)",
            (count // _PRUNED_PART + 1,),
        )

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_TIMEOUT_S)
        try:
            use_write_ahead_log(connection, patience_s=_TIMEOUT_S)
            # what is lost with the power is embedded again
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _give_up(self, exc: Exception) -> None:
        logger.warning("embedding_cache.unusable", extra={"file": self._path.name, "reason": str(exc)})
        if isinstance(exc, sqlite3.DatabaseError) and not isinstance(exc, sqlite3.OperationalError):
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
