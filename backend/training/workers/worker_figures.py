"""What the workers of this service do, for Prometheus."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from shared.models.job import Progress

if TYPE_CHECKING:
    from prometheus_client.metrics_core import GaugeMetricFamily, Metric

_MIB = 1 << 20
# figure of a logged step, name and help of its gauge, factor to the base unit
_FIGURES = (
    ("loss", "clara_worker_loss", "Training loss of the last logged step (nats per token).", 1.0),
    ("learning_rate", "clara_worker_learning_rate", "Learning rate of the last logged step.", 1.0),
    ("grad_norm", "clara_worker_grad_norm", "Gradient norm of the last logged step.", 1.0),
    ("tokens_per_s", "clara_worker_tokens_per_second", "Tokens read per second.", 1.0),
    ("eta_s", "clara_worker_eta_seconds", "Time left.", 1.0),
    ("memory_mb", "clara_worker_memory_bytes", "Resident memory of the trainer.", float(_MIB)),
    ("gpu_memory_mb", "clara_worker_gpu_memory_bytes", "The most GPU memory that torch has held.", float(_MIB)),
    ("gpu_utilization_percent", "clara_worker_gpu_utilization_ratio", "Share of time the GPU was busy.", 0.01),
)


class WorkerFigures:
    """Gauges of the jobs that run here now.

    They are labelled with the number of the worker and not with the job: there are never more series than workers,
    however many jobs there were.

    Args:
        progress: Where the job of each worker stands, None for an idle one.
    """

    def __init__(self, progress: Callable[[], Sequence[Progress | None]]) -> None:
        self._progress = progress

    def collect(self) -> "Iterable[Metric]":
        """One family per figure; idle workers have `clara_worker_busy` only."""
        from prometheus_client.metrics_core import GaugeMetricFamily  # here: see `backend.common.metrics`

        standing = list(enumerate(self._progress(), start=1))
        busy = GaugeMetricFamily("clara_worker_busy", "Whether the worker has a job.", labels=["worker"])
        step = GaugeMetricFamily("clara_worker_step", "Optimizer steps done.", labels=["worker"])
        planned = GaugeMetricFamily("clara_worker_steps_planned", "Optimizer steps planned.", labels=["worker"])
        for number, progress in standing:
            busy.add_metric([str(number)], float(progress is not None))
            if progress is not None:
                step.add_metric([str(number)], progress.current_step)
                planned.add_metric([str(number)], progress.total_steps)
        yield from (busy, step, planned)
        for figure, name, text, factor in _FIGURES:
            yield _family(figure, name, text, factor, standing)


def _family(
    figure: str, name: str, text: str, factor: float, standing: Iterable[tuple[int, Progress | None]]
) -> "GaugeMetricFamily":
    from prometheus_client.metrics_core import GaugeMetricFamily

    family = GaugeMetricFamily(name, text, labels=["worker"])
    for number, progress in standing:
        value = progress.metrics.get(figure) if progress is not None else None
        if isinstance(value, int | float):
            family.add_metric([str(number)], value * factor)
    return family
