"""The real trainer process on a disk whose n-th fsync fails with EIO: `python -m tests.support.failing_fsync N`.

Only calls that Python makes are counted, which are all that checkpoints and adapters consist of. With N = 0 none fails.
At its end the process writes `fsyncs <number of calls>` to its log.
"""

import errno
import os
import sys

from backend.training.workers.trainer.main import main


def _install(failing: int) -> list[int]:
    calls: list[int] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        really(descriptor)

    os.fsync = fsync  # type: ignore[assignment]  # this is the point of the program
    return calls


if __name__ == "__main__":
    made = _install(int(sys.argv[1]))
    code = main()
    sys.stderr.write(f"fsyncs {len(made)}\n")
    sys.exit(code)
