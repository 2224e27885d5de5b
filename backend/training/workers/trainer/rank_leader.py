"""The process that leads the ranks of a run: torchrun's agent as a library, and their one connection to the service.

It holds the pipe to the supervisor, since a rank that torchrun starts inherits none, and has a socket pair with every
rank: the order and stop requests go down, what the first rank says goes up. All of them stay in one process group. A
rank that dies takes the others along, and this process then ends in the same way, so that the supervisor sees one
process that was killed, ran out of memory or aborted.
"""

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.common.child_process import describe_exit
from backend.common.json_lines import decode, encode
from backend.common.parent_pipe import ParentPipe
from backend.training.trainers.base import StopReason
from backend.training.workers.last_words import last_words
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.trainer.rank_launch import RankFailed, Work, launch_ranks

logger = logging.getLogger(__name__)

HELLO = "rank"
"""The type of a rank's first message, which tells its process id and stays with the leader."""

_LAST_WORDS = (MessageType.PUBLISHED, MessageType.STOPPED, MessageType.ERROR)
# several looks: torchrun's agent is to see which rank was the first to go before the others are ended
_NOTICE_S = 1.0


class RankLeader:
    """Starts the ranks of one order and sees them to their end.

    Args:
        order: What all of them do.
        pipe: To the supervisor; its order has been read.
        work: What a rank runs: a function of a module, called with the ranks' ends of the sockets and the time (seconds
            since 1970) at which this was made.
    """

    def __init__(self, order: TrainingOrder, pipe: ParentPipe, work: Work) -> None:
        self._order = order
        self._pipe = pipe
        self._work = work
        self._count = order.num_processes
        self._started = time.time()
        pairs = [socket.socketpair() for _ in range(self._count)]
        self._ours, self._theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        self._is_ordered = threading.Event()
        self._lock = threading.Lock()
        self._pids: dict[int, int] = {}
        self._ending: MessageType | None = None
        self._failure: tuple[int, int] | None = None
        self._error: Exception | None = None

    def run(self) -> int:
        """Lead the ranks to their end; the exit code is 0 whenever the outcome was reported."""
        ears = [threading.Thread(target=self._hear, args=(rank,), daemon=True) for rank in range(self._count)]
        # torchrun's agent takes over the signals of the main thread, and the service's manager may send us some
        launcher = threading.Thread(target=self._launch, name="ranks")
        signal.signal(signal.SIGTERM, lambda *_: self._pass_on({"stop": StopReason.HAND_BACK}))
        for thread in (*ears, launcher):
            thread.start()
        self._pipe.listen(self._pass_on)
        launcher.join()
        for one in self._theirs:
            one.close()
        for ear in ears:
            ear.join()
        return self._exit_code()

    def _launch(self) -> None:
        try:
            launch_ranks(self._order, self._work, (self._theirs, self._started))
        except RankFailed as failed:
            self._failure = (failed.rank, failed.exit_code)
        except Exception as error:
            # the reason goes to the job; the ranks, if there are any, find their sockets closed
            logger.exception("ranks.not_started")
            self._error = error

    def _hear(self, rank: int) -> None:
        """Give a rank its order, then take what it says until it is gone."""
        with contextlib.suppress(OSError):
            self._ours[rank].sendall(self._order.to_line())
        if rank == 0:
            self._is_ordered.set()
        with contextlib.suppress(OSError), self._ours[rank].makefile("rb") as lines:
            for line in lines:
                with contextlib.suppress(ValueError):  # cut short by a kill
                    self._take(rank, decode(line))
        if self._ending is None:
            time.sleep(_NOTICE_S)
            self._kill()

    def _take(self, rank: int, message: Mapping[str, Any]) -> None:
        if message["type"] == HELLO:
            self._pids[rank] = message["pid"]
            # from now on only the rank holds its end, and we hear of its death
            self._theirs[rank].close()
            if len(self._pids) == self._count:
                _unlink_semaphores()
            return
        with self._lock:
            if self._ending is not None:
                # several ranks may fail for one reason; one last word is enough
                return
            if message["type"] in _LAST_WORDS:
                self._ending = MessageType(message["type"])
            self._pipe.send(message)
        if self._ending in (MessageType.STOPPED, MessageType.ERROR):
            self._kill()

    def _pass_on(self, request: Mapping[str, Any]) -> None:
        """The first rank hears the supervisor's requests; the ranks agree among themselves when to follow."""
        self._is_ordered.wait()
        with contextlib.suppress(OSError):
            self._ours[0].sendall(encode(request))

    def _kill(self) -> None:
        """End all ranks: none can go on without the others."""
        for pid in list(self._pids.values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def _exit_code(self) -> int:
        if self._ending is not None:
            return 0
        if self._error is not None:
            words = last_words(self._error, Path(self._order.job_dir))
            self._pipe.send({"type": MessageType.ERROR, **words.as_fields()})
            return 0
        rank, code = self._failure or (0, 1)
        text = f"Process {rank + 1} of {self._count} of this run ended: {describe_exit(code)}. The others were ended."
        self._pipe.send({"type": MessageType.MESSAGE, "text": text})
        return code


def _unlink_semaphores() -> None:
    """Take away the names of the semaphores that torchrun's agent shares with its ranks, once all of them hold them.

    Otherwise they stay in `/dev/shm` whenever the whole group is killed. It is what their owner does at its end.
    """
    from multiprocessing import synchronize, util

    # neither has a public face; a finalizer that was called is not called again
    registry: dict[Any, Any] = vars(util)["_finalizer_registry"]
    unlink = vars(synchronize.SemLock)["_cleanup"].__func__
    for finalizer in list(registry.values()):
        if finalizer._callback is unlink:
            finalizer()


def end_as(exit_code: int) -> int:
    """End this process by the signal that an exit code stands for, without a core; other codes are returned."""
    if exit_code < 0:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        number = signal.Signals(-exit_code)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return exit_code
