"""A quality pipeline in a process of its own: its models take their memory there, and the asker goes on meanwhile.

What it says is what the pipeline says, text by text, whatever is asked at once.
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from backend.datasets.quality.batches import MAX_TEXTS, batched
from backend.datasets.quality.pipeline import Assessment, Decision
from shared.errors import Unavailable

T = TypeVar("T")
COMMAND = (sys.executable, "-m", "backend.datasets.quality.apart_worker")
_AHEAD = 2
"""Batches that are under way while the answer to an earlier one is awaited."""


class JudgingFailed(Unavailable):
    """The process that judges texts ended, or judges by other rules than it was asked to."""

    code = "judging_failed"


class Judge(Protocol):
    """Judges texts: a `QualityPipeline`, or one in another process."""

    profile_version: str

    @property
    def language(self) -> str:
        """Language that texts should be in."""
        ...

    def assess_each(
        self, items: Iterable[T], *, text_of: Callable[[T], str], at_once: int = MAX_TEXTS
    ) -> Iterator[tuple[T, str, Assessment]]:
        """Judge whatever has a text, in its order."""
        ...

    def assess_many(self, texts: Iterable[str]) -> list[Assessment]:
        """Judge normalised texts."""
        ...


class PipelineApart:
    """Asks another process, which ends with `close` or with this process.

    Args:
        profile: As the setting names it.
        fluency: File of a model of the accepted corpus; there may be none.
        profile_version: What it must judge by.
        language: Of the profile.
        command: Starts the process.

    Raises:
        JudgingFailed: If it cannot be started or judges otherwise; also by its methods.
    """

    def __init__(
        self,
        profile: str,
        fluency: Path | None,
        *,
        profile_version: str,
        language: str,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.profile_version = profile_version
        self.language = language
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as exc:
            raise JudgingFailed(f"No process could be started to judge texts: {exc.strerror or exc}.") from exc
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - PIPE was asked for
        self._answers = self._process.stdout
        # a thread writes, so that neither side waits for the other with a full pipe
        self._outgoing: queue.Queue[bytes | None] = queue.Queue(maxsize=_AHEAD)
        self._writer = threading.Thread(target=_write, args=(self._process.stdin, self._outgoing), daemon=True)
        self._writer.start()
        try:
            self._agree(profile, fluency)
        except JudgingFailed:
            self.close()
            raise

    def close(self) -> None:
        """End the process; a second time does nothing."""
        self._process.kill()
        self._outgoing.put(None)
        self._writer.join()
        self._answers.close()
        self._process.wait()

    def assess_each(
        self, items: Iterable[T], *, text_of: Callable[[T], str], at_once: int = MAX_TEXTS
    ) -> Iterator[tuple[T, str, Assessment]]:
        """See `QualityPipeline.assess_each`; some batches more are read ahead."""
        waiting: deque[list[tuple[T, str]]] = deque()
        with_texts = ((item, text_of(item)) for item in items)
        for batch in batched(with_texts, size_of=lambda each: len(each[1]), max_items=at_once):
            self._send({"texts": [text for _, text in batch]})
            waiting.append(batch)
            if len(waiting) > _AHEAD:
                yield from self._judged(waiting.popleft())
        while waiting:
            yield from self._judged(waiting.popleft())

    def assess_many(self, texts: Iterable[str]) -> list[Assessment]:
        """See `QualityPipeline.assess_many`."""
        return [assessment for _, _, assessment in self.assess_each(texts, text_of=str)]

    def _agree(self, profile: str, fluency: Path | None) -> None:
        self._send({"profile": profile, "fluency": str(fluency or "")})
        told = self._receive()["profile_version"]
        if told != self.profile_version:
            raise JudgingFailed(
                f"Texts would be judged by {told} instead of {self.profile_version}: the profile was changed meanwhile."
            )

    def _judged(self, batch: Sequence[tuple[T, str]]) -> Iterator[tuple[T, str, Assessment]]:
        for (item, text), told in zip(batch, self._receive()["judged"], strict=True):
            score, decision, reasons, signals, language = told
            judged = Assessment(score, Decision(decision), tuple(reasons), signals, self.profile_version, language)
            yield item, text, judged

    def _send(self, message: Mapping[str, Any]) -> None:
        self._outgoing.put(encoded(message))

    def _receive(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise JudgingFailed(
                f"The process that judges texts ended with exit code {self._process.wait()}; see the log."
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise JudgingFailed(str(answer["error"]))
        return answer


def encoded(message: Mapping[str, Any]) -> bytes:
    """One line; ASCII, so that half a surrogate pair comes through."""
    return json.dumps(message).encode("ascii") + b"\n"


def _write(stdin: IO[bytes], outgoing: "queue.Queue[bytes | None]") -> None:
    try:
        while (line := outgoing.get()) is not None:
            stdin.write(line)
            stdin.flush()
    except OSError:
        # whoever reads the answers finds out; what is still to be sent has no reader
        while outgoing.get() is not None:
            continue
    finally:
        with contextlib.suppress(OSError):
            stdin.close()
