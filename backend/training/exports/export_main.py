"""The process that exports a job: `python -m backend.training.exports.export_main`, started by the service only.

MLflow's client is loaded here and nowhere else. It talks to the configured server and to nobody else: its own telemetry
is switched off before it is imported.
"""

import logging
import os
import queue
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from backend.common.logging import log_in_words
from backend.common.parent_pipe import ParentPipe
from backend.training.exports.last_course import LastCourse
from backend.training.exports.protocol import ExportMessage, ExportOrder, Figure
from shared.errors import ClaraError
from shared.outgoing import OutgoingPolicy
from shared.outgoing.process import guard_this_process

logger = logging.getLogger(__name__)

_MISSING = (
    "CLARA_MLFLOW_TRACKING_URI is set, but the MLflow client is not installed here: "
    "pip install 'clara-finetuning[mlflow]', or unset it."
)
_LONGEST_REASON = 300
_PAGES_AHEAD = 4


def main() -> int:
    """Export one job; the exit code is 0 whenever the outcome was reported."""
    pipe = ParentPipe()
    log_in_words()
    _prepare()
    order = ExportOrder.from_message(pipe.order())
    guard_this_process(OutgoingPolicy.parse(order.outgoing_allowed))
    # a bounded queue: while MLflow is slow, the service waits with the next page
    pages: queue.Queue[Mapping[str, Any]] = queue.Queue(_PAGES_AHEAD)
    pipe.listen(pages.put)
    try:
        pipe.send({"type": ExportMessage.EXPORTED, "run_id": _export(order, pages)})
    except Exception as error:
        # the one broad catch around the work of a process: the traceback goes to the log, the reason to the service
        logger.exception("export.failed", extra={"job_id": order.job_id})
        pipe.send({"type": ExportMessage.FAILED, "message": _reason(error, order)})
    return 0


def _export(order: ExportOrder, pages: "queue.Queue[Mapping[str, Any]]") -> str:
    from mlflow.tracking import MlflowClient

    from backend.training.exports.mlflow_run import export_run

    with closing(LastCourse()) as course:
        for page in _until_end(pages):
            course.add(page)
        return export_run(MlflowClient(order.tracking_uri), order, course.figures())


def _until_end(pages: "queue.Queue[Mapping[str, Any]]") -> Iterator[list[Figure]]:
    while not (page := pages.get()).get("end"):
        yield page["figures"]


def _reason(error: Exception, order: ExportOrder) -> str:
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "mlflow":
        return _MISSING
    if isinstance(error, ClaraError):
        return error.message
    said = " ".join((str(error) or type(error).__name__).split())
    return f"MLflow at {order.tracking_uri} did not take it: {said[:_LONGEST_REASON]}"


def _prepare() -> None:
    settings = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
        # a server that is away is asked again by the service, after growing pauses
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
        "GIT_PYTHON_REFRESH": "quiet",
        "OMP_NUM_THREADS": "1",
    }
    os.environ.update(settings)
    if hasattr(os, "nice"):
        # training comes first
        os.nice(10)


if __name__ == "__main__":
    sys.exit(main())
