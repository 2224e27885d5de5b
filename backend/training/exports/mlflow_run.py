"""One job as a run of MLflow: found again by its job id, so that it can be written twice and is there once.

Every call may be repeated: parameters and tags keep their values, figures carry the time at which they were logged,
which MLflow's SQL stores take as their identity, and files are overwritten.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from backend.training.exports.protocol import ExportOrder, Figure
from shared.errors import Conflict

if TYPE_CHECKING:
    from mlflow.entities import Experiment, Run
    from mlflow.tracking import MlflowClient

T = TypeVar("T")

JOB_TAG = "clara.job_id"
STATE_TAG = "clara.export"
_COMPLETE = "complete"
# limits of the REST API for one request
_MOST_METRICS, _MOST_PARAMS = 1000, 100


class ExperimentDeleted(Conflict):
    """Runs cannot be written to a deleted experiment."""

    code = "mlflow_experiment_deleted"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The MLflow experiment '{name}' is deleted. Restore it, or set CLARA_MLFLOW_EXPERIMENT_NAME.", name=name
        )


def export_run(client: "MlflowClient", order: ExportOrder, figures: Iterable[Figure]) -> str:
    """Write the run unless it is there; returns its id.

    Args:
        client: Of the tracking server.
        order: What is told.
        figures: Logged figures, in any order.

    Raises:
        ExperimentDeleted: If the experiment is.
    """
    experiment_id = _experiment(client, order)
    runs = _runs(client, experiment_id, order.job_id)
    run_id = runs[0].info.run_id if runs else _created(client, experiment_id, order)
    if not (runs and runs[0].data.tags.get(STATE_TAG) == _COMPLETE):
        _write(client, run_id, order, figures)
    return _alone(client, experiment_id, order.job_id, run_id)


def _write(client: "MlflowClient", run_id: str, order: ExportOrder, figures: Iterable[Figure]) -> None:
    from mlflow.entities import Metric, Param, RunTag

    tags = [RunTag(name, value) for name, value in order.tags.items()]
    params = [Param(name, value) for name, value in order.params.items()]
    client.log_batch(run_id, tags=tags)
    for some in _in_batches(params, _MOST_PARAMS):
        client.log_batch(run_id, params=some)
    final = (order.ended_ms, "final", order.final_step, order.metrics)
    metrics = (
        Metric(name, value, milliseconds, step)
        for milliseconds, _, step, values in (*figures, final)
        for name, value in values.items()
    )
    for batch in _in_batches(metrics, _MOST_METRICS):
        client.log_batch(run_id, metrics=batch)
    for path in order.artefacts:
        client.log_artifact(run_id, path)
    client.set_terminated(run_id, "FINISHED" if order.is_completed else "FAILED", order.ended_ms)
    client.set_tag(run_id, STATE_TAG, _COMPLETE)


def _experiment(client: "MlflowClient", order: ExportOrder) -> str:
    from mlflow.exceptions import MlflowException

    found: Experiment | None = client.get_experiment_by_name(order.experiment)
    if found is None:
        try:
            return str(client.create_experiment(order.experiment, artifact_location=_files_beside(order.tracking_uri)))
        except MlflowException:
            # somebody else has just made it; or else the answer says what is wrong
            found = client.get_experiment_by_name(order.experiment)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise ExperimentDeleted(order.experiment)
    return str(found.experiment_id)


def _files_beside(tracking_uri: str) -> str | None:
    """Where files of a database on this machine go; a server knows for itself."""
    if not tracking_uri.startswith("sqlite:"):
        return None
    database = Path(urlsplit(tracking_uri).path.removeprefix("/"))
    return database.absolute().with_name(f"{database.stem}-artifacts").as_uri()


def _created(client: "MlflowClient", experiment_id: str, order: ExportOrder) -> str:
    tags = {JOB_TAG: order.job_id, STATE_TAG: "begun"}
    run = client.create_run(experiment_id, start_time=order.started_ms, tags=tags, run_name=order.run_name)
    return str(run.info.run_id)


def _alone(client: "MlflowClient", experiment_id: str, job_id: str, run_id: str) -> str:
    """The one run of the job: of two that were begun at the same moment, the later one is removed by both."""
    first, *others = [run.info.run_id for run in _runs(client, experiment_id, job_id)] or [run_id]
    for other in others:
        client.delete_run(other)
    return str(first)


def _runs(client: "MlflowClient", experiment_id: str, job_id: str) -> "Sequence[Run]":
    """Runs of the job; those that are written first, then by id, so that everybody sees the same one first."""
    found: Any = client.search_runs([experiment_id], filter_string=f"tags.`{JOB_TAG}` = '{job_id}'")
    return sorted(found, key=lambda run: (run.data.tags.get(STATE_TAG) != _COMPLETE, run.info.run_id))


def _in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    walk = iter(items)
    while batch := list(islice(walk, size)):
        yield batch
