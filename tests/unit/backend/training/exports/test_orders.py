"""What is told of an ended job."""

from pathlib import Path

import pytest

from backend.training.exports.orders import ExportOrders, Target
from backend.training.exports.protocol import ExportOrder
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, Progress
from tests.support.store_values import an_adapter
from tests.support.training_desk import Desk, a_published_adapter

HERE = Target("http://mlflow.example", "CLARA")


def orders(desk: Desk, target: Target = HERE) -> ExportOrders:
    stores = desk.stores
    return ExportOrders(stores.jobs, stores.adapters, stores.datasets, desk.folders, target)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_completed_job_is_told_with_its_config_its_origin_and_its_small_files(desk: Desk) -> None:
    adapter = a_published_adapter(desk)
    order = orders(desk).write(adapter.job_id)

    assert (order.is_completed, order.job_id, order.experiment) == (True, adapter.job_id, "CLARA")
    assert order.params["model.base_model"] == "starter"
    assert order.params["training.num_epochs"] == "3"
    assert "lora.dropout" not in order.params
    assert order.tags["clara.job_id"] == adapter.job_id
    assert order.tags["clara.manifest_sha256"] == adapter.manifest_sha256
    assert order.tags["mlflow.user"] == "trainer@example.org"
    assert [Path(file).name for file in order.artefacts] == ["README.md", "manifest.json"]
    assert ExportOrder.from_message({"order": {**vars_of(order)}}) == order


def vars_of(order: ExportOrder) -> dict[str, object]:
    return {name: getattr(order, name) for name in order.__slots__}  # type: ignore[attr-defined]  # slots of a dataclass


def test_weights_go_along_only_if_somebody_wants_them(desk: Desk) -> None:
    adapter = a_published_adapter(desk)
    target = Target(HERE.tracking_uri, HERE.experiment, with_weights=True)
    names = [Path(file).name for file in orders(desk, target).write(adapter.job_id).artefacts]
    assert names == ["README.md", "manifest.json", "adapter_model.safetensors"]


def test_a_failed_job_is_told_with_its_reason_and_without_final_figures(desk: Desk) -> None:
    job_id = desk.submit()
    _, claim = desk.claimed()
    desk.stores.jobs.record_progress(claim, Progress(current_step=3, metrics={"loss": 9.0}))
    desk.stores.jobs.fail(claim, error_message="The loss became NaN." + "x" * 9000, outcome=AttemptOutcome.ERROR)
    order = orders(desk).write(job_id)

    assert (order.is_completed, order.final_step, order.metrics, order.artefacts) == (False, 3, {}, ())
    assert order.tags["clara.failure_reason"] == "error"
    assert order.tags["clara.error"].startswith("The loss became NaN.")
    assert len(order.tags["clara.error"]) == 4000
    assert "clara.adapter_id" not in order.tags


def test_final_figures_are_the_numbers_among_them_by_path(desk: Desk) -> None:
    desk.submit()
    job, claim = desk.claimed()
    metrics = {"eval_loss": 2.0, "held_out": {"ratio": 0.5, "note": "text"}, "stopped_early": True, "nothing": None}
    folder = desk.folders.models / "adapters" / "b"
    folder.mkdir(parents=True)
    progress = Progress(current_step=7, metrics=metrics)
    desk.stores.jobs.complete(claim, an_adapter(job, path=str(folder)), progress=progress)
    order = orders(desk).write(job.job_id)
    assert order.metrics == {"final/eval_loss": 2.0, "final/held_out/ratio": 0.5, "final/stopped_early": 1.0}


def test_figures_come_in_pages_with_the_time_at_which_they_were_logged(desk: Desk) -> None:
    job_id = desk.submit()
    _, claim = desk.claimed()
    for step in range(1, 701):
        desk.stores.jobs.record_progress(claim, Progress(current_step=step, metrics={"loss": 1.0, "odd": None}))
    progress = Progress(current_step=700, metrics={"loss": 1.0, "eval_loss": 3.0})
    event = desk.stores.jobs.record_progress(
        claim, progress, kind=EventType.EVALUATION, detail={"evaluation": {"eval_loss": 3.0}}
    )
    pages = list(orders(desk).figures(job_id))

    assert len(pages) == 2
    figures = [figure for page in pages for figure in page]
    assert [(kind, step, values) for _, kind, step, values in figures] == [
        *(("step", step, {"loss": 1.0}) for step in range(1, 701)),
        ("evaluation", 700, {"eval_loss": 3.0}),
    ]
    assert figures[-1][0] == round(event.created_at.timestamp() * 1000)
