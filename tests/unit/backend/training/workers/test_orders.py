"""From a claimed job to the order of its trainer."""

import json
from pathlib import Path

import pytest

from backend.training.folders import TrainingFolders
from backend.training.formats.chat_templates import installed_templates
from backend.training.preflight import TrainerRefused
from backend.training.training_config import TrainingConfig
from backend.training.workers.orders import OrderWriter
from backend.training.workers.protocol import TrainingOrder
from shared.database.stores import memory_stores
from shared.models.job import Claim, TrainingJob
from shared.utils.clock import utc_now
from tests.support.input_resolvers import input_resolver
from tests.support.training_desk import Desk


def writer(root: Path, trainer_types: frozenset[str] | None = None) -> OrderWriter:
    folders = TrainingFolders(
        data=root / "data",
        models=root / "models",
        configs=root / "configs",
        logs=root / "logs",
        base_model_roots=(root / "models",),
    )
    inputs = input_resolver(memory_stores(), folders)
    return OrderWriter(inputs, folders, save_every=7, cpu_threads=2, trainer_types=trainer_types)


def job() -> TrainingJob:
    return TrainingJob(
        job_id="job_1",
        job_name="probe",
        trainer_type="probe",
        config=TrainingConfig.parse({}).model_dump(mode="json"),
        created_by="a",
        created_at=utc_now(),
        output_dir="job_1",
        resume_from="job_0",
    )


def test_the_order_of_a_probe_names_folders_of_its_claim_and_no_inputs(tmp_path: Path) -> None:
    order = writer(tmp_path).write(job(), Claim("job_1", "w", epoch=3))
    folder = tmp_path / "data" / "jobs"
    assert order.adapter_path == str(tmp_path / "models" / "adapters" / "job_1" / "job_1.e3")
    assert order.resume_dirs == (str(folder / "job_1" / "checkpoints"), str(folder / "job_0" / "checkpoints"))
    assert (order.save_every_steps, order.cpu_threads, order.base_model) == (7, 2, "")
    assert (folder / "job_1").is_dir()


def test_a_job_from_before_an_installation_went_into_production_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainerRefused, match="Allowed here: lora"):
        writer(tmp_path, frozenset({"lora"})).write(job(), Claim("job_1", "w", epoch=1))


def test_the_order_of_a_chat_run_carries_the_text_of_the_chosen_template(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.submit(config={"model": {"chat_template": "llama3"}})
    orders = OrderWriter(desk.inputs, desk.folders, save_every=7, cpu_threads=2)
    order = orders.write(*desk.claimed())
    assert order.chat_template == installed_templates()["llama3"]
    assert TrainingOrder.from_message(json.loads(order.to_line())) == order
