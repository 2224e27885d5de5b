"""What a job trains on: found below the allowed folders, or nothing at all for a trainer that needs nothing."""

import os
from pathlib import Path

import pytest

from backend.training.folders import TrainingFolders
from backend.training.inputs import InputResolver, NothingToTrainOn, completed_dataset
from backend.training.trainers.registry import trainer_for
from backend.training.training_config import TrainingConfig
from shared.database.dataset_changes import DatasetWithdrawn
from shared.database.stores import memory_stores
from tests.support.input_resolvers import input_resolver
from tests.support.store_values import a_dataset, an_audit

EMPTY = TrainingConfig.parse({})


@pytest.fixture
def inputs(tmp_path: Path) -> InputResolver:
    """An installation without a base model, without a dataset, without a file."""
    folders = TrainingFolders(
        data=tmp_path / "data",
        models=tmp_path / "models",
        configs=tmp_path / "configs",
        logs=tmp_path / "logs",
        base_model_roots=(tmp_path / "models",),
    )
    return input_resolver(memory_stores(), folders)


def test_a_trainer_that_needs_no_inputs_gets_none_and_nothing_is_filled_in(
    inputs: InputResolver, tmp_path: Path
) -> None:
    probe = trainer_for("probe")
    assert inputs.with_defaults(EMPTY, probe) == (EMPTY, {})
    inputs.check(EMPTY, probe)
    found = inputs.resolve(EMPTY, probe, tmp_path)
    assert (found.base_model, found.train, found.dataset_id) == ("", Path(os.devnull), None)
    assert len(found.content_sha256) == 64


def test_a_trainer_that_needs_inputs_is_told_that_there_are_none(inputs: InputResolver) -> None:
    with pytest.raises(NothingToTrainOn):
        inputs.with_defaults(EMPTY, trainer_for("lora"))


def test_nothing_is_trained_on_a_withdrawn_dataset() -> None:
    datasets = memory_stores().datasets
    datasets.add(a_dataset(), audit=an_audit())
    claimed = datasets.claim("builder-1", lease_s=60)
    assert claimed is not None
    dataset = datasets.complete(claimed[1], claimed[0], audit=an_audit())
    assert completed_dataset(datasets, dataset.dataset_id) == dataset
    datasets.withdraw(dataset.dataset_id, reason="Einwilligung fehlt", audit=an_audit())

    with pytest.raises(DatasetWithdrawn, match="Einwilligung fehlt"):
        completed_dataset(datasets, dataset.dataset_id)
