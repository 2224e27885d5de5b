"""Who measures the buckets: this process, or several child processes on all cores.

Every executor gives the same files; what differs is who computes. This process alone writes them.
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
from backend.datasets.curation.measured_sections import MeasuredSections
from backend.datasets.curation.messages import bucket_told, figures_from
from backend.datasets.curation.signal_files import SignalFiles
from shared.errors import ClaraError, Unavailable

COMMAND = (sys.executable, "-m", "backend.datasets.curation.bucket_worker")
_TRIES = 3
_FRUGAL: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    # arrays of a batch go back to the system at once, and there is one heap: as quick, and 16 MB less in each process
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 17),
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


class WorkerFailed(Unavailable):
    """A worker did not measure what it was asked to."""

    code = "quality_worker_failed"


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
        measured: Measures a bucket.
        files: Where the figures go.
    """

    def __init__(self, measured: Callable[[Bucket], MeasuredSections], files: SignalFiles) -> None:
        self._measured = measured
        self._files = files

    def measure(self, buckets: Sequence[Bucket]) -> Iterator[Bucket]:
        """See `Executor.measure`."""
        for bucket in buckets:
            self._files.write(bucket, self._measured(bucket))
            yield bucket


class ProcessExecutor:
    """Measures in child processes. One that dies costs the bucket it had, which another one does again.

    Args:
        workers: How many.
        order: What a child needs to know beside the bucket.
        files: Where the figures go.
        command: Starts a child.
    """

    def __init__(
        self, workers: int, order: Mapping[str, Any], files: SignalFiles, *, command: Sequence[str] = COMMAND
    ) -> None:
        self._workers = workers
        self._order = dict(order)
        self._files = files
        self._command = list(command)

    def measure(self, buckets: Sequence[Bucket]) -> Iterator[Bucket]:
        """See `Executor.measure`."""
        waiting: queue.SimpleQueue[Bucket | None] = queue.SimpleQueue()
        answers: queue.SimpleQueue[Bucket | Exception] = queue.SimpleQueue()
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
                if isinstance(answer, Exception):
                    raise answer
                yield answer
        finally:
            children.end()
            for thread in threads:
                thread.join()

    def _work(
        self,
        waiting: "queue.SimpleQueue[Bucket | None]",
        answers: "queue.SimpleQueue[Bucket | Exception]",
        children: "_Children",
    ) -> None:
        worker = _Worker(lambda: children.start(self._command, self._order))
        try:
            while (bucket := waiting.get()) is not None:
                answers.put(self._done(bucket, worker))
        except Exception as exc:  # noqa: BLE001 - whoever waits for an answer must hear of it, whatever it is
            answers.put(exc)
        finally:
            worker.end()

    def _done(self, bucket: Bucket, worker: "_Worker") -> Bucket | MeasuringFailed:
        failure = ""
        for _ in range(_TRIES):
            try:
                self._files.write(bucket, worker.measured(bucket))
            except ClaraError as exc:
                failure = exc.message
                worker.end()
            else:
                return bucket
        return MeasuringFailed(bucket, failure)


class _Worker:
    """One child after the other: a new one follows on one that was ended.

    Args:
        start: Starts a child.
    """

    def __init__(self, start: Callable[[], "_Child"]) -> None:
        self._start = start
        self._child: _Child | None = None

    def measured(self, bucket: Bucket) -> MeasuredSections:
        """What is measured of a bucket.

        Raises:
            WorkerFailed: If no child can be started, or the child fails; it should be ended then.
        """
        try:
            self._child = self._child or self._start()
        except OSError as exc:
            raise WorkerFailed(f"A worker could not be started ({exc.strerror or exc}).") from exc
        return self._child.measured(bucket)

    def end(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    """One process; it ends when its stdin does, so it never outlives us."""

    def __init__(self, process: "subprocess.Popen[bytes]", stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self._process, self._stdin, self._stdout = process, stdin, stdout

    def measured(self, bucket: Bucket) -> MeasuredSections:
        """What it measures of a bucket.

        Raises:
            WorkerFailed: With what it says, or how it ended.
        """
        try:
            self._stdin.write(encode(bucket_told(bucket)))
            self._stdin.flush()
            answer = decode(self._stdout.readline())
            if "error" not in answer:
                return figures_from(answer)
        except (OSError, ValueError, KeyError, TypeError):
            self._process.kill()
            raise WorkerFailed(f"A worker ended with exit code {self._process.wait()}.") from None
        raise WorkerFailed(str(answer["error"]))

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
