"""Fork children on request and tell how each of them ended."""

import contextlib
import gc
import os
import selectors
import signal
import socket
import traceback
from collections.abc import Sequence

from backend.common.process_mark import MARK_VARIABLE, MarkPlace
from backend.training.workers.warm.programs import Program
from backend.training.workers.warm.wire import ForkRequest, receive_packet, send_packet

_FAILED_EXIT_CODE = 70


class Forker:
    """The loop of the warm parent.

    Args:
        wire: To the service.
        place: Where children write their marks.
    """

    def __init__(self, wire: socket.socket, place: MarkPlace) -> None:
        self._wire = wire
        self._place = place
        self._ends: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(wire, selectors.EVENT_READ)

    def serve(self) -> Program | None:
        """Fork and reap until the service is gone; returns in every child too, with what it is to do."""
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._reap(key.data)
                    continue
                packet = receive_packet(self._wire)
                if packet is None:
                    return None
                request, handles = ForkRequest.of(packet[0]), packet[1]
                if self._fork(request, handles):
                    return request.program

    def _fork(self, request: ForkRequest, handles: Sequence[int]) -> bool:
        """Answer a request; returns whether this is the child."""
        heard, told = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            self._refuse(request, error)
            _close(heard, told, *handles)
            return False
        if pid == 0:
            os.close(heard)
            self._become(request, handles, told)
            return True
        # of what a child has, nobody else may hold an end: its pipes would never close
        _close(told, *handles)
        # answered only when it has its own group and mark: from then on it can be found and killed
        is_set_up = os.read(heard, 1) == b"1"
        os.close(heard)
        self._answer(request, pid, is_set_up=is_set_up)
        return False

    def _answer(self, request: ForkRequest, pid: int, *, is_set_up: bool) -> None:
        try:
            if not is_set_up:
                raise OSError("the forked process could not be set up; logs/warm_parent.log says more")
            end = os.pidfd_open(pid)
        except OSError as error:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self._refuse(request, error)
            return
        self._ends[pid] = end
        self._selector.register(end, selectors.EVENT_READ, data=pid)
        self._tell({"answer": request.number, "pid": pid}, end)

    def _refuse(self, request: ForkRequest, error: OSError) -> None:
        self._tell({"answer": request.number, "error": str(error)})

    def _reap(self, pid: int) -> None:
        _, status = os.waitpid(pid, 0)
        end = self._ends.pop(pid)
        self._selector.unregister(end)
        os.close(end)
        self._tell({"ended": pid, "exit_code": os.waitstatus_to_exitcode(status)})

    def _tell(self, message: dict[str, object], *handles: int) -> None:
        # a service that is gone is noticed as the next packet
        with contextlib.suppress(ConnectionError):
            send_packet(self._wire, message, handles)

    def _become(self, request: ForkRequest, handles: Sequence[int], told: int) -> None:
        """Make this fork a process of its own, as if it had been started; it never comes back half made."""
        is_set_up = False
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for target, handle in enumerate(handles):
                os.dup2(handle, target)
            self._let_go()
            _close(*handles)
            self._take_environment(request)
            gc.enable()
            _forget_randomness()
            os.write(told, b"1")
            os.close(told)
            is_set_up = True
        finally:
            if not is_set_up:
                traceback.print_exc()
                os._exit(_FAILED_EXIT_CODE)

    def _let_go(self) -> None:
        """Of everything that belongs to the parent."""
        self._selector.close()
        self._wire.close()
        _close(*self._ends.values())
        self._ends.clear()

    def _take_environment(self, request: ForkRequest) -> None:
        os.environ.pop(MARK_VARIABLE, None)
        os.environ.update(request.variables)
        if request.mark is not None:
            os.environ[MARK_VARIABLE] = request.mark
            self._place.write(request.mark)


def _forget_randomness() -> None:
    # Python's own generator does so by itself; without this all children would draw the same numbers
    import numpy as np

    np.random.seed()


def _close(*handles: int) -> None:
    for handle in handles:
        os.close(handle)
