"""The process that looks at the records of a run: `python -m backend.training.workers.inspection.main`.

One order on stdin, one report or one error on stdout. It needs no torch, which halves the time it takes to start; a
process forked from the warm parent has it already.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.common.logging import log_in_words
from backend.common.parent_pipe import ParentPipe
from backend.training.utils.laps import Laps
from backend.training.utils.quiet_libraries import quieten_libraries
from backend.training.workers.inspection.protocol import InspectionMessage, InspectionOrder
from backend.training.workers.last_words import last_words
from shared.errors import ClaraError

logger = logging.getLogger(__name__)

_SIGN_EVERY_S = 1.0


def main() -> int:
    """Look at one run; the exit code is 0 whenever the outcome was reported."""
    laps = Laps()
    laps.lap("process", seconds=time.process_time())
    pipe = ParentPipe()
    quieten_libraries()
    _without_torch()
    log_in_words()
    order = InspectionOrder.from_message(pipe.order())
    pipe.listen()
    try:
        report = _report(order, pipe, laps)
        laps.lap("records")
        pipe.send({"type": InspectionMessage.REPORT, "report": report, "took_s": laps.seconds})
    except Exception as error:
        # the one broad catch around the work of a process: the traceback goes to the log, the reason to the service
        words = last_words(error, Path(order.scratch_root))
        context: Mapping[str, Any] = error.context if isinstance(error, ClaraError) else {}
        logger.exception("inspection.failed", extra={"code": words.code})
        pipe.send(
            {
                "type": InspectionMessage.ERROR,
                "code": words.code,
                "message": words.message,
                "is_retryable": words.is_retryable,
                "context": context,
            }
        )
    return 0


def _report(order: InspectionOrder, pipe: ParentPipe, laps: Laps) -> Mapping[str, Any]:
    from transformers.models.auto import configuration_auto, tokenization_auto  # noqa: F401 - most of the time

    from backend.training.inspection.run import inspect_run

    laps.lap("imports")
    last_sign = time.monotonic()

    def on_progress() -> None:
        nonlocal last_sign
        if time.monotonic() - last_sign >= _SIGN_EVERY_S:
            last_sign = time.monotonic()
            pipe.send({"type": InspectionMessage.ALIVE})

    with tempfile.TemporaryDirectory(prefix="inspection-", dir=order.scratch_root) as scratch:
        return inspect_run(order.inputs(Path(scratch)), on_progress=on_progress)


def _without_torch() -> None:
    """Importing torch raises ImportError from now on, which transformers takes for its absence."""
    if "torch" in sys.modules:
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # the documented way to block an import
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"


if __name__ == "__main__":
    sys.exit(main())
