"""Ended jobs in MLflow: its own SQL store on this machine, and a real server where there is one."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.training.exports.exporter import MlflowExporter
from backend.training.exports.mlflow_run import JOB_TAG, export_run
from backend.training.exports.orders import ExportOrders, Target
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, Progress
from tests.support.installation import ROOT, Installation, installation, until
from tests.support.live_server import free_port
from tests.support.mlflow_server import MISSING, PROGRAM, mlflow_server
from tests.support.store_values import an_adapter, queued
from tests.support.training_desk import Desk

pytest.importorskip("mlflow", reason="mlflow-skinny (the extra `mlflow`) is not installed")
# MLflow's own modules use names that their dependencies call deprecated
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

needs_server = pytest.mark.skipif(not PROGRAM, reason=MISSING)


@pytest.fixture(scope="module", params=["store", pytest.param("server", marks=needs_server)])
def tracking_uri(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    with ExitStack() as stack:
        if request.param == "server":
            yield stack.enter_context(mlflow_server(folder))
        else:
            yield f"sqlite:///{folder / 'mlflow.db'}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def client_of(uri: str) -> Any:
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    from mlflow.tracking import MlflowClient

    return MlflowClient(uri)


def exporter(desk: Desk, uri: str, tmp_path: Path, *, lease_s: float = 60.0) -> MlflowExporter:
    log = tmp_path / "exports.log"
    return MlflowExporter(
        desk.stores.exports, orders(desk, uri), uri, log=log, poll_s=0.05, retry_s=0.2, lease_s=lease_s
    )


def orders(desk: Desk, uri: str) -> ExportOrders:
    stores = desk.stores
    return ExportOrders(
        stores.jobs,
        stores.adapters,
        stores.datasets,
        desk.folders,
        Target(uri, "CLARA", outgoing_allowed=("127.0.0.0/8",)),
    )


async def run_until(it: MlflowExporter, is_true: Callable[[], bool], tmp_path: Path) -> None:
    task = asyncio.create_task(it.run())
    try:
        async with asyncio.timeout(120):
            while not is_true():
                await asyncio.sleep(0.05)
    except TimeoutError:
        log = tmp_path / "exports.log"
        pytest.fail(f"{await it.health()} {log.read_text(encoding='utf-8')[-3000:] if log.exists() else ''}")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def runs_of(client: Any, job_id: str) -> list[Any]:
    experiment = client.get_experiment_by_name("CLARA")
    return list(client.search_runs([experiment.experiment_id], filter_string=f"tags.`{JOB_TAG}` = '{job_id}'"))


def history(client: Any, run_id: str, name: str) -> list[tuple[int, float]]:
    return sorted((metric.step, metric.value) for metric in client.get_metric_history(run_id, name))


def completed(desk: Desk, steps: int = 12) -> str:
    """A job that crashed at step 6, went on from step 4, and has an adapter with two files."""
    job = queued(desk.stores)
    _, claim = desk.claimed()
    for step in range(1, 7):
        desk.stores.jobs.record_progress(claim, Progress(current_step=step, metrics={"loss": 100.0 + step}))
    desk.stores.jobs.release(claim, outcome=AttemptOutcome.CRASH, message="signal 9")
    _, claim = desk.claimed()
    for step in range(5, steps + 1):
        metrics = {"loss": float(step), "learning_rate": 0.5 / step}
        desk.stores.jobs.record_progress(claim, Progress(current_step=step, metrics=metrics))
    evaluated = {"evaluation": {"eval_loss": 2.5}}
    desk.stores.jobs.record_progress(claim, Progress(current_step=steps), kind=EventType.EVALUATION, detail=evaluated)
    folder = desk.folders.models / "adapters" / job.job_id
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    adapter = an_adapter(job, path=str(folder), base_model_digest="b" * 64, dataset_sha256="d" * 64)
    progress = Progress(current_step=steps, total_steps=steps, metrics={"eval_loss": 2.5, "held_out": {"ratio": 0.5}})
    desk.stores.jobs.complete(claim, adapter, progress=progress)
    return job.job_id


EXPECTED_LOSS = [*((step, 100.0 + step) for step in range(1, 5)), *((step, float(step)) for step in range(5, 13))]


async def test_a_completed_job_is_a_run_with_parameters_figures_tags_and_files(
    desk: Desk, tracking_uri: str, tmp_path: Path
) -> None:
    job_id = completed(desk)
    await run_until(
        exporter(desk, tracking_uri, tmp_path), lambda: desk.stores.exports.status(tracking_uri).exported == 1, tmp_path
    )
    client = client_of(tracking_uri)
    (run,) = runs_of(client, job_id)
    run_id = run.info.run_id
    assert (run.info.status, run.info.run_name) == ("FINISHED", "job 0")
    assert run.data.params["training.learning_rate"] == "0.0002"
    assert run.data.tags["clara.base_model_digest"] == "b" * 64
    assert run.data.tags["clara.dataset_sha256"] == "d" * 64
    assert run.data.metrics["final/held_out/ratio"] == 0.5
    assert history(client, run_id, "loss") == EXPECTED_LOSS
    assert history(client, run_id, "eval_loss") == [(12, 2.5)]
    assert [file.path for file in client.list_artifacts(run_id)] == ["report.html"]


async def test_a_failed_job_is_a_failed_run_with_its_reason(desk: Desk, tracking_uri: str, tmp_path: Path) -> None:
    job = queued(desk.stores)
    _, claim = desk.claimed()
    desk.stores.jobs.record_progress(claim, Progress(current_step=3, metrics={"loss": 9.0}))
    desk.stores.jobs.fail(claim, error_message="The loss became NaN.", outcome=AttemptOutcome.ERROR)
    await run_until(
        exporter(desk, tracking_uri, tmp_path), lambda: desk.stores.exports.status(tracking_uri).exported == 1, tmp_path
    )
    client = client_of(tracking_uri)
    (run,) = runs_of(client, job.job_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["clara.error"] == "The loss became NaN."
    assert history(client, run.info.run_id, "loss") == [(3, 9.0)]


class Cut(Exception):
    """Stands for a kill at this call."""


class CutClient:
    """Hands calls on until the given one, which is not made."""

    def __init__(self, client: Any, calls: int) -> None:
        self._client = client
        self._left = calls

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **fields: Any) -> Any:
            if self._left == 0:
                raise Cut
            self._left -= 1
            return getattr(self._client, name)(*args, **fields)

        return call


async def test_an_export_that_is_cut_anywhere_and_made_again_is_there_once(
    desk: Desk, tracking_uri: str, tmp_path: Path
) -> None:
    job_id = completed(desk)
    order = orders(desk, tracking_uri).write(job_id)
    figures = [figure for page in orders(desk, tracking_uri).figures(job_id) for figure in page]
    client, cuts = client_of(tracking_uri), 0
    while True:
        try:
            export_run(CutClient(client, cuts), order, figures)
            break
        except Cut:
            cuts += 1
    (run,) = runs_of(client, job_id)
    found = client.get_metric_history(run.info.run_id, "learning_rate")
    assert cuts > 8
    assert run.info.status == "FINISHED"
    assert len(found) == len({(metric.step, metric.timestamp) for metric in found}) == 8


async def test_two_runs_that_were_begun_at_the_same_moment_become_one(
    desk: Desk, tracking_uri: str, tmp_path: Path
) -> None:
    job_id = completed(desk)
    order = orders(desk, tracking_uri).write(job_id)
    client = client_of(tracking_uri)
    export_run(client, order, [])
    experiment = client.get_experiment_by_name("CLARA")
    client.create_run(experiment.experiment_id, tags={JOB_TAG: job_id, "clara.export": "begun"})
    (first, _) = sorted(runs_of(client, job_id), key=lambda run: run.info.status != "FINISHED")

    assert export_run(client, order, []) == first.info.run_id
    assert [run.info.run_id for run in runs_of(client, job_id)] == [first.info.run_id]


async def test_a_process_that_is_killed_half_way_is_followed_by_one_that_finds_its_run(
    desk: Desk, tracking_uri: str, tmp_path: Path
) -> None:
    job_id = completed(desk)
    client = client_of(tracking_uri)

    def has_begun() -> bool:
        return client.get_experiment_by_name("CLARA") is not None and bool(runs_of(client, job_id))

    # whoever ends the task kills the process, as the end of the service would
    await run_until(exporter(desk, tracking_uri, tmp_path, lease_s=3), has_begun, tmp_path)
    heir = exporter(desk, tracking_uri, tmp_path)
    await run_until(heir, lambda: desk.stores.exports.status(tracking_uri).exported == 1, tmp_path)
    (run,) = runs_of(client, job_id)
    assert run.info.status == "FINISHED"
    assert history(client, run.info.run_id, "loss") == EXPECTED_LOSS


@needs_server
async def test_a_server_that_is_away_is_named_and_gets_everything_once_it_is_back(desk: Desk, tmp_path: Path) -> None:
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    job_id = completed(desk)
    it = exporter(desk, uri, tmp_path)
    await run_until(it, lambda: desk.stores.exports.status(uri).failed == 1, tmp_path)
    health = await it.health()
    assert (health["waiting"], health["exported"]) == (1, 0)
    assert health["status"].startswith(f"MLflow at {uri} did not take it: ")
    assert desk.stores.jobs.get(job_id).status == "completed"

    with mlflow_server(tmp_path / "server", port=port):
        await run_until(it, lambda: desk.stores.exports.status(uri).exported == 1, tmp_path)
        assert len(runs_of(client_of(uri), job_id)) == 1


async def test_a_deleted_experiment_is_told_by_name(desk: Desk, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'own.db'}"
    client = client_of(uri)
    client.delete_experiment(client.create_experiment("CLARA"))
    completed(desk)
    it = exporter(desk, uri, tmp_path)
    await run_until(it, lambda: desk.stores.exports.status(uri).failed == 1, tmp_path)
    assert "The MLflow experiment 'CLARA' is deleted." in (await it.health())["status"]


def test_the_process_switches_telemetry_off_before_it_loads_the_client() -> None:
    code = (
        "from backend.training.exports import export_main; export_main._prepare(); import mlflow.tracking, "
        "mlflow.telemetry as t; from mlflow.telemetry.utils import is_telemetry_disabled as off; print(off())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "True"


def test_the_service_never_loads_the_client() -> None:
    code = "import sys, backend.training.app; print([name for name in sys.modules if name.startswith('mlflow')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.long
def test_a_service_that_is_killed_and_started_again_tells_every_job_once(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    order = {"probe": {"steps": 6, "seconds_per_step": 0}, "training": {"logging_steps": 1}}
    with installation(tmp_path / "home", services=("training",), MLFLOW_TRACKING_URI=uri) as it, it.client() as client:
        jobs = [client.jobs.submit(trainer_type="probe", config=order).job_id for _ in range(3)]
        for job_id in jobs:
            until(client, job_id, lambda job: job.status.is_terminal)
        it.kill("training")
        it.start("training")
        assert exports_of(it, len(jobs)) == {"status": "ok", "waiting": 0, "exported": 3}
    tracking = client_of(uri)
    for job_id in jobs:
        (run,) = runs_of(tracking, job_id)
        assert [step for step, _ in history(tracking, run.info.run_id, "loss")] == [1, 2, 3, 4, 5, 6]
        names = {file.path for file in tracking.list_artifacts(run.info.run_id)}
        assert names == {"README.md", "manifest.json", "report.json", "training_config.json"}


def exports_of(it: Installation, exported: int) -> dict[str, object]:
    """What `/health` says of MLflow once so many jobs are there."""
    give_up = time.monotonic() + 240
    while True:
        health = httpx.get(f"{it.url('training')}/health", trust_env=False).json()
        found: dict[str, object] = health["exports"]["mlflow"]
        if found["exported"] == exported:
            return found
        assert time.monotonic() < give_up, health
        time.sleep(0.5)
