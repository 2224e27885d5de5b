"""Who measures the buckets: this process, or several child processes on all cores.

Every executor gives the same files; what differs is who computes.
"""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, Protocol

from backend.common.json_lines import decode, encode
from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.opened_measurer import bucket_told
from shared.errors import Unavailable

COMMAND = (sys.executable, "-m", "backend.datasets.curation.bucket_worker")
_TRIES = 3
_FRUGAL: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    # arrays of a batch go back to the system at once, and there is one heap: as quick, and 16 MB less in each process
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 17),
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


class MeasuringFailed(Unavailable):
    """A bucket could not be measured, however often it was tried."""

    code = "quality_measuring_failed"

    def __init__(self, bucket: Bucket, reason: str) -> None:
        documents = ", ".join(bucket.document_ids[:5])
        super().__init__(
            f"The sections of {len(bucket.document_ids)} documents ({documents} …) could not be measured: {reason} "
            "What was measured stays; run it again to go on.",
            bucket=bucket.number,
            reason=reason,
        )


class Executor(Protocol):
    """Measures buckets."""

    def measure(self, buckets: Sequence[Bucket]) -> Iterator[Bucket]:
        """Give back each bucket once its file is there, in the order in which they get done.

        Raises:
            MeasuringFailed: If one cannot be measured.
        """
        ...


class SerialExecutor:
    """Measures in this process, one bucket after the other.

    Args:
        measure: Measures a bucket and writes its file.
    """

    def __init__(self, measure: Callable[[Bucket], object]) -> None:
        self._measure = measure

    def measure(self, buckets: Sequence[Bucket]) -> Iterator[Bucket]:
        """See `Executor.measure`."""
        for bucket in buckets:
            self._measure(bucket)
            yield bucket


class ProcessExecutor:
    """Measures in child processes. One that dies costs the bucket it had, which another one does again.

    Args:
        workers: How many.
        order: What a child needs to know beside the bucket.
        command: Starts a child.
    """

    def __init__(self, workers: int, order: Mapping[str, Any], *, command: Sequence[str] = COMMAND) -> None:
        self._workers = workers
        self._order = dict(order)
        self._command = list(command)

    def measure(self, buckets: Sequence[Bucket]) -> Iterator[Bucket]:
        """See `Executor.measure`."""
        waiting: queue.SimpleQueue[Bucket | None] = queue.SimpleQueue()
        answers: queue.SimpleQueue[Bucket | MeasuringFailed] = queue.SimpleQueue()
        for bucket in buckets:
            waiting.put(bucket)
        count = min(self._workers, len(buckets))
        for _ in range(count):
            waiting.put(None)
        children = _Children()
        threads = [
            threading.Thread(target=self._work, args=(waiting, answers, children), daemon=True) for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in buckets:
                answer = answers.get()
                if isinstance(answer, MeasuringFailed):
                    raise answer
                yield answer
        finally:
            children.end()
            for thread in threads:
                thread.join()

    def _work(
        self,
        waiting: "queue.SimpleQueue[Bucket | None]",
        answers: "queue.SimpleQueue[Bucket | MeasuringFailed]",
        children: "_Children",
    ) -> None:
        child: _Child | None = None
        while (bucket := waiting.get()) is not None:
            reason = ""
            for _ in range(_TRIES):
                try:
                    child = child or children.start(self._command, self._order)
                    reason = child.measure(bucket)
                except OSError as exc:
                    reason = f"A worker could not be started ({exc.strerror or exc})."
                if not reason:
                    break
                if child is not None:
                    child.end()
                    child = None
            answers.put(MeasuringFailed(bucket, reason) if reason else bucket)
        if child is not None:
            child.end()


class _Child:
    """One process; it ends when its stdin does, so it never outlives us."""

    def __init__(self, process: "subprocess.Popen[bytes]", stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self._process, self._stdin, self._stdout = process, stdin, stdout

    def measure(self, bucket: Bucket) -> str:
        """Empty once the bucket is measured, else why it is not."""
        try:
            self._stdin.write(encode(bucket_told(bucket)))
            self._stdin.flush()
            answer = decode(self._stdout.readline())
        except (OSError, ValueError):
            return f"A worker ended with exit code {self._process.wait()}."
        return str(answer.get("error", ""))

    def end(self) -> None:
        """Let it go; a second time does nothing."""
        for stream in (self._stdin, self._stdout):
            try:
                stream.close()
            except OSError:
                continue
        self._process.kill()
        self._process.wait()


class _Children:
    """All that are running, so that they can be ended at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[bytes]] = []
        self._is_over = False

    def start(self, command: Sequence[str], order: Mapping[str, Any]) -> _Child:
        """A new child with its order.

        Raises:
            OSError: If it cannot be started, also since all was ended.
        """
        with self._lock:
            if self._is_over:
                raise OSError("all workers were ended")
            process = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **_FRUGAL},
            )
            self._running.append(process)
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - PIPE was asked for
        process.stdin.write(encode(order))
        process.stdin.flush()
        return _Child(process, process.stdin, process.stdout)

    def end(self) -> None:
        """Kill what still runs: each bucket is whole or not there."""
        with self._lock:
            self._is_over = True
            for process in self._running:
                process.kill()
