"""How the probe goes wrong when its config says so: the process really dies, hangs, or takes the memory."""

import os
import signal
import time
from typing import NoReturn

import numpy as np

from backend.training.training_config import ProbeSection
from shared.errors import InvalidInput, Unavailable

_MIB = 1 << 20


class ProbeFailed(InvalidInput):
    """The lasting error that a probe was told to end with."""

    code = "probe_failed"


class ProbeUnavailable(Unavailable):
    """The temporary error that a probe was told to end with."""

    code = "probe_unavailable"


class Misbehaviour:
    """What is to go wrong in an attempt.

    Args:
        probe: Says what and when.
        claim_epoch: Number of the attempt's claim; later ones than `on_attempts` run well.
    """

    def __init__(self, probe: ProbeSection, claim_epoch: int) -> None:
        self._probe = probe
        self._is_due = probe.on_attempts is None or claim_epoch <= probe.on_attempts
        self._taken: list[np.typing.NDArray[np.uint8]] = []

    def before(self, step: int) -> None:
        """Go wrong in this step, counted from 1, if it is the one.

        Raises:
            ProbeFailed: At `error_at`, if the error is to last.
            ProbeUnavailable: At `error_at`, if it may mend itself.
            MemoryError: At `allocate_at`, if the process may not have so much.
        """
        if not self._is_due:
            return
        if step == self._probe.allocate_at:
            # ones, not zeros: memory that nobody writes to is not really taken
            self._taken.append(np.ones(self._probe.allocate_mb * _MIB, dtype=np.uint8))
        if step == self._probe.error_at:
            raise self._error(step)
        if step == self._probe.hang_at:
            _hang()
        if step == self._probe.crash_at:
            self._crash()

    def _error(self, step: int) -> ProbeFailed | ProbeUnavailable:
        message = f"The probe was told to fail in step {step} (probe.error_at)."
        if self._probe.error_how == "temporary":
            return ProbeUnavailable(message, step=step)
        return ProbeFailed(message, step=step)

    def _crash(self) -> NoReturn:
        if self._probe.crash_how != "exit":
            # Windows has no SIGKILL; its SIGTERM ends the process as surely
            fatal = signal.SIGSEGV if self._probe.crash_how == "segv" else getattr(signal, "SIGKILL", signal.SIGTERM)
            os.kill(os.getpid(), fatal)
        os._exit(self._probe.exit_code)


def _hang() -> NoReturn:
    while True:
        time.sleep(3600)
