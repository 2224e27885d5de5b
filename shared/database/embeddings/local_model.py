"""Embeddings by a sentence-transformers folder on this machine; torch lives in a child process, never in the caller.

The child speaks over its standard input and output: one JSON line asks, one JSON line and the vectors as float32
answer. It ends when the caller does.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.database.embeddings.base import EmbeddingModel
from shared.database.embeddings.errors import EmbeddingFailed
from shared.database.embeddings.model_folder import ModelFolder
from shared.database.embeddings.prefixes import Prefixes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_WORKER = "shared.database.embeddings.local_model_worker"


class LocalModelEmbedder:
    """A model in a folder; safe to share between threads, which take turns.

    Args:
        folder: With `modules.json`, or of a plain encoder (then the mean over tokens is taken).
        batch_size: Texts that go through the model together.
        prefixes: Put before texts; where empty, the prompts that the model brings are.
        start_timeout_s: For the imports and the weights.
        timeout_s: For one batch.
        worker: Module of the child.
    """

    def __init__(
        self,
        folder: Path,
        *,
        batch_size: int = 32,
        prefixes: Prefixes | None = None,
        start_timeout_s: float = 180.0,
        timeout_s: float = 120.0,
        worker: str = _WORKER,
    ) -> None:
        self._worker = worker
        self._folder = folder
        self._batch_size = batch_size
        self._given_prefixes = prefixes or Prefixes()
        self._start_timeout_s = start_timeout_s
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    @cached_property
    def model(self) -> EmbeddingModel:
        """Name of the folder, digest of all that is in it, and the dimension; read without the child.

        Raises:
            EmbeddingFailed: If the folder is not a model that can be served.
        """
        described = self._described
        return EmbeddingModel(self._folder.name, described.digest + self._prefixes.mark, described.dimension)

    @cached_property
    def _described(self) -> ModelFolder:
        return ModelFolder.read(self._folder)

    @cached_property
    def _prefixes(self) -> Prefixes:
        return self._given_prefixes.or_else(self._described.prefixes)

    def embed_passages(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """See `Embedder.embed_passages`."""
        import numpy as np

        vectors = np.empty((len(texts), self.model.dimension), dtype=np.float32)
        for start in range(0, len(texts), self._batch_size):
            some = texts[start : start + self._batch_size]
            vectors[start : start + len(some)] = self._embedded([self._prefixes.passage + text for text in some])
        return vectors

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """See `Embedder.embed_query`."""
        query: NDArray[np.float32] = self._embedded([self._prefixes.query + text])[0]
        return query

    def start(self) -> None:
        """Have the model ready before somebody waits for it.

        Raises:
            EmbeddingFailed: If it cannot be loaded.
        """
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the child; the next text starts another."""
        with self._lock:
            self._end()

    def _embedded(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        import numpy as np

        with self._lock:
            child = self._running()
            with self._within(child, self._timeout_s):
                answer = self._exchange(child, {"texts": list(texts)})
                count, dimension = int(answer["count"]), int(answer["dimension"])
                content = _read(child, 4 * count * dimension)
            if (count, dimension) != (len(texts), self.model.dimension) or len(content) != 4 * count * dimension:
                self._end()
                found = f"{len(content)} bytes for {count} vectors of {dimension} numbers"
                raise self._failed(f"{len(texts)} of {self.model.dimension} were asked for, it gave {found}")
        return np.frombuffer(content, dtype="<f4").reshape(count, dimension).astype(np.float32, copy=False)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        _ = self.model  # says what is wrong with a folder, sooner and better than the child
        command = [sys.executable, "-m", self._worker, str(self._folder.absolute())]
        root = Path(__file__).parents[3]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(root), _python_path()]))}
        child = subprocess.Popen(  # noqa: S603 - our own program on a folder of the settings
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, **_own_process_group()
        )
        self._child = child
        with self._within(child, self._start_timeout_s):
            self._exchange(child, {"texts": []})
        logger.info("embedding_model.started", extra={"model": self.model.key, "pid": child.pid})
        return child

    def _exchange(self, child: "subprocess.Popen[bytes]", request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            if child.stdin is not None:
                child.stdin.write(json.dumps(request).encode() + b"\n")
                child.stdin.flush()
            line = child.stdout.readline() if child.stdout is not None else b""
            answer = json.loads(line) if line else None
        except (OSError, ValueError):
            answer = None
        if not isinstance(answer, dict):
            self._end()
            raise self._failed(f"its process ended with code {child.returncode}; its last words are in the log")
        if "error" in answer:
            self._end()
            raise self._failed(str(answer["error"]))
        return answer

    @contextlib.contextmanager
    def _within(self, child: "subprocess.Popen[bytes]", limit_s: float) -> Iterator[None]:
        """Kill the child at the limit, which ends whatever waits for it."""
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(limit_s, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except EmbeddingFailed as exc:
            if late.is_set():
                raise self._failed(f"it did not answer within {limit_s:g} s") from exc
            raise
        finally:
            timer.cancel()

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _failed(self, reason: str) -> EmbeddingFailed:
        return EmbeddingFailed(f"the local model '{self._folder.name}'", reason)


def _read(child: "subprocess.Popen[bytes]", size: int) -> bytes:
    return child.stdout.read(size) if child.stdout is not None else b""


def _python_path() -> str:
    return os.environ.get("PYTHONPATH", "")


def _own_process_group() -> dict[str, Any]:
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}
