"""The warm parent: `python -m backend.training.workers.warm.warm_main SOCKET`, started by the service only.

It imports the libraries and then only forks: it computes nothing, starts no thread and never touches a GPU, since
neither threads nor CUDA outlive a fork. It ends with the service, and its children do not end with it.
"""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from backend.common.process_mark import MarkPlace
from backend.training.utils.quiet_libraries import quieten_libraries
from backend.training.workers.memory import be_killed_first
from backend.training.workers.warm.forking import Forker
from backend.training.workers.warm.programs import Program, import_programs, run_program
from backend.training.workers.warm.wire import send_packet

OWN_MARK = "warm-parent"
# lets torch ask the driver's management library whether there is a GPU, which unlike CUDA does no harm to later forks
_GPU_CHECK = "PYTORCH_NVML_BASED_CUDA_CHECK"


def main(arguments: list[str], *, imports: Callable[[], None] = import_programs) -> int:
    """Fork until the service is gone; in a child, do what it was forked for.

    Args:
        arguments: The number of the socket to the service.
        imports: What is done once for all children.
    """
    with socket.socket(fileno=int(arguments[0])) as wire:
        os.set_inheritable(wire.fileno(), False)
        # whoever stops all processes of the service at once: trainers still need somebody who tells how they ended
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        be_killed_first()
        place = MarkPlace()
        place.write(OWN_MARK)
        _prepare(imports)
        if reason := _unfit():
            send_packet(wire, {"refused": reason})
            return 0
        program = _forked(wire, place)
    return 0 if program is None else run_program(program)


def _prepare(imports: Callable[[], None]) -> None:
    is_asked_by_us = _GPU_CHECK not in os.environ
    os.environ.setdefault(_GPU_CHECK, "1")
    quieten_libraries()
    imports()
    if is_asked_by_us:
        del os.environ[_GPU_CHECK]


def _unfit() -> str | None:
    """Why children could not be trusted; None if they can."""
    others = _threads_after_a_fork() - 1
    if others:
        return f"the imported libraries have started {others} threads, which would be missing in a fork"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "importing the libraries has initialised CUDA, which would be broken in a fork"
    return None


def _threads_after_a_fork() -> int:
    """Threads that outlive a fork here: OpenBLAS ends its own before each, and makes new ones to compute."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return len(list(Path("/proc/self/task").iterdir()))


def _forked(wire: socket.socket, place: MarkPlace) -> Program | None:
    gc.collect()
    # what is there now stays where it is, so that children share its memory
    gc.freeze()
    gc.disable()
    send_packet(wire, {"ready": os.getpid()})
    return Forker(wire, place).serve()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
