"""The language between the service and the process that exports: an order, figures page by page, one last word.

    service --stdin-->  exporter   the order, `{"figures": [[ms, kind, step, {name: value}], …]}` …, `{"end": true}`
    exporter --stdout--> service   EXPORTED or FAILED

EOF of stdin means that the service is gone, and ends the exporter: the export is somebody else's from now on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.common.child_order import ChildOrder

Figure = tuple[int, str, int, Mapping[str, float]]
"""Milliseconds since the epoch, kind of event, optimizer step, values by name."""


class ExportMessage(StrEnum):
    """What the process says."""

    EXPORTED = "exported"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ExportOrder(ChildOrder):
    """Everything the process needs; it reads no settings and opens no store.

    Args:
        tracking_uri: Of the MLflow server.
        experiment: Name of the MLflow experiment.
        job_id: By which a run is found again.
        run_name: For people.
        is_completed: Else failed.
        started_ms: Milliseconds since the epoch.
        ended_ms: Likewise.
        params: What the run was asked for.
        tags: What it was made of, and how it ended.
        metrics: Final figures.
        final_step: Optimizer step of these.
        artefacts: Files to upload.
        outgoing_allowed: Hosts and networks of our own that may be connected to.
    """

    tracking_uri: str
    experiment: str
    job_id: str
    run_name: str
    is_completed: bool
    started_ms: int
    ended_ms: int
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    final_step: int
    artefacts: Sequence[str]
    outgoing_allowed: Sequence[str] = ()
