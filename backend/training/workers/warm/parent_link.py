"""One warm parent process seen from the service: ask it for forks, hear how they end."""

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from backend.training.workers.warm.forked_process import ForkedEnd
from backend.training.workers.warm.programs import Program
from backend.training.workers.warm.wire import ForkRequest, receive_packet, send_packet
from shared.errors import Unavailable

logger = logging.getLogger(__name__)

_ANSWER_S = 5.0
_END_S = 5.0


class NotForked(Unavailable):
    """The warm parent cannot fork now."""

    code = "not_forked"


class ParentLink:
    """A parent process and our end of the socket pair, which keeps it alive.

    Attributes:
        ready: Set when it forks, or when it is clear that it will not.
        gone: Set when nothing more is heard of it.
        refusal: Why it will not fork, in its own words.
    """

    def __init__(self, process: asyncio.subprocess.Process, wire: socket.socket) -> None:
        self.ready = asyncio.Event()
        self.gone = asyncio.Event()
        self.refusal: str | None = None
        self._process = process
        self._wire = wire
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[ForkedEnd]] = {}
        self._ends: dict[int, ForkedEnd] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(wire.fileno(), self._hear)

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str], *, log: Path) -> Self:
        """Start a parent; it is ready later.

        Raises:
            OSError: If the process or its log cannot be made.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, log.open("ab") as stream, contextlib.ExitStack() as unused:
            unused.enter_context(ours)
            process = await asyncio.create_subprocess_exec(
                *command,
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                pass_fds=(theirs.fileno(),),
                env=environment,
                start_new_session=True,
            )
            unused.pop_all()
        ours.setblocking(False)
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """Process id of the parent."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Of the parent, once it has ended."""
        return self._process.returncode

    async def fork(
        self, program: Program, variables: Mapping[str, str], mark: str | None, handles: tuple[int, int, int]
    ) -> ForkedEnd:
        """A new process with these as stdin, stdout and stderr.

        Raises:
            NotForked: If there is none.
        """
        number = next(self._numbers)
        answer: asyncio.Future[ForkedEnd] = self._loop.create_future()
        self._answers[number] = answer
        try:
            send_packet(self._wire, ForkRequest(number, program, variables, mark).as_json(), handles)
            async with asyncio.timeout(_ANSWER_S):
                return await answer
        except TimeoutError:
            # whatever it still does with the request, nobody holds the other ends of those pipes
            self.kill()
            raise NotForked(f"The warm parent did not answer within {_ANSWER_S:g} s and was ended.") from None
        except OSError as error:
            raise NotForked(f"The warm parent cannot be asked: {error.strerror or error}.") from error
        finally:
            del self._answers[number]

    def kill(self) -> None:
        """End the parent at once; its children go on."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def end(self) -> None:
        """Let the parent go, and wait until it is gone."""
        if not self.ready.is_set():
            # it does not listen while it imports, and has no children yet
            self.kill()
        self._lose()
        try:
            await self._ended()
        finally:
            # it would close by itself a moment later, when the event loop may be gone; asyncio offers no public way
            transport: asyncio.SubprocessTransport = self._process._transport  # type: ignore[attr-defined]
            transport.close()

    async def _ended(self) -> None:
        try:
            async with asyncio.timeout(_END_S):
                await self._process.wait()
        except (TimeoutError, asyncio.CancelledError) as broken_off:
            self.kill()
            await self._process.wait()
            if isinstance(broken_off, asyncio.CancelledError):
                raise

    def _hear(self) -> None:
        try:
            packet = receive_packet(self._wire)
        except BlockingIOError:
            return
        if packet is None:
            self._lose()
            return
        message, handles = packet
        if "answer" in message:
            self._take_answer(message, handles)
        elif "ended" in message:
            if (end := self._ends.pop(message["ended"], None)) is not None:
                end.told(message["exit_code"])
        else:
            self.refusal = message.get("refused")
            self.ready.set()

    def _take_answer(self, message: Mapping[str, Any], handles: Sequence[int]) -> None:
        answer = self._answers.get(message["answer"])
        if answer is None or answer.done():
            # nobody waits any more: the child finds its pipes closed
            for handle in handles:
                os.close(handle)
        elif "error" in message:
            answer.set_exception(NotForked(f"The warm parent cannot fork: {message['error']}."))
        else:
            pid = message["pid"]
            self._ends[pid] = end = ForkedEnd(pid, handles[0])
            answer.set_result(end)

    def _lose(self) -> None:
        if self.gone.is_set():
            return
        self._loop.remove_reader(self._wire.fileno())
        self._wire.close()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(NotForked("The warm parent is gone."))
        self.ready.set()
        self.gone.set()
