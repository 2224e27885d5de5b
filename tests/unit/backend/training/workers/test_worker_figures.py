"""Figures of running jobs as Prometheus reads them."""

from prometheus_client.parser import text_string_to_metric_families

from backend.common.metrics import ServiceMetrics
from backend.training.workers.worker_figures import WorkerFigures
from shared.models.job import Progress


def gauges(*standing: Progress | None) -> dict[tuple[str, str], float]:
    metrics = ServiceMetrics("training", "1")
    metrics.add(WorkerFigures(lambda: standing))
    families = text_string_to_metric_families(metrics.render()[0].decode())
    samples = (sample for family in families for sample in family.samples)
    return {(each.name, each.labels["worker"]): each.value for each in samples if "worker" in each.labels}


def test_a_busy_worker_has_gauges_in_base_units_and_an_idle_one_says_that_it_is_idle() -> None:
    metrics = {"loss": 1.5, "tokens_per_s": 900.0, "memory_mb": 2.0, "gpu_utilization_percent": 50.0, "grad_norm": None}
    assert gauges(Progress(current_step=3, total_steps=9, metrics=metrics), None) == {
        ("clara_worker_busy", "1"): 1.0,
        ("clara_worker_busy", "2"): 0.0,
        ("clara_worker_step", "1"): 3.0,
        ("clara_worker_steps_planned", "1"): 9.0,
        ("clara_worker_loss", "1"): 1.5,
        ("clara_worker_tokens_per_second", "1"): 900.0,
        ("clara_worker_memory_bytes", "1"): 2.0 * 1024 * 1024,
        ("clara_worker_gpu_utilization_ratio", "1"): 0.5,
    }


def test_there_are_never_more_series_than_workers_have_figures() -> None:
    first = gauges(Progress(current_step=1, total_steps=9, metrics={"loss": 1.0}))
    second = gauges(Progress(current_step=5, total_steps=7, metrics={"loss": 2.0}))
    assert first.keys() == second.keys()
