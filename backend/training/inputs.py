"""What a job trains on: from the names in its config to verified folders and files."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backend.training.folders import TrainingFolders
from backend.training.trainers.base import BaseTrainer
from backend.training.training_config import TrainingConfig
from shared.database.base import DatasetStore
from shared.errors import Conflict, InvalidInput
from shared.models.dataset import Dataset, DatasetStatus, Split
from shared.storage import sha256_file


class NothingToTrainOn(InvalidInput):
    """Neither the job nor the server names any records."""

    code = "nothing_to_train_on"

    def __init__(self) -> None:
        super().__init__(
            "There is nothing to train on: the job names no dataset_id and no train_file, and no dataset is completed "
            "yet. Build one with `clara datasets create` (POST /api/datasets)."
        )


class DatasetNotReady(Conflict):
    """The dataset exists but cannot be trained on."""

    code = "dataset_not_ready"

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(
            f"Dataset {dataset.dataset_id} is {dataset.status}; only completed datasets can be trained on.",
            dataset_id=dataset.dataset_id,
            status=dataset.status,
        )


@dataclass(frozen=True, slots=True)
class ResolvedInputs:
    """Inputs of one attempt as absolute paths (`base_model` may be a hub name).

    A trainer that needs no inputs gets the empty name and the empty file.
    """

    base_model: str
    train: Path
    validation: Path | None
    test: Path | None
    dataset_id: str | None
    content_sha256: str


class InputResolver:
    """Finds what a config names; used when a job is submitted, before it is queued and when it starts."""

    def __init__(
        self, datasets: DatasetStore, folders: TrainingFolders, *, default_model: str, is_offline: bool
    ) -> None:
        self._datasets = datasets
        self._folders = folders
        self._default_model = default_model
        self.is_offline = is_offline

    def with_defaults(self, config: TrainingConfig, trainer: BaseTrainer) -> tuple[TrainingConfig, Mapping[str, str]]:
        """Fill in base model and dataset where the config names none; also returns what was filled in.

        Raises:
            NothingToTrainOn: If there is no completed dataset to fall back to.
        """
        if not trainer.needs_inputs:
            return config, {}
        filled: dict[str, str] = {}
        changes: dict[str, Any] = {}
        if not config.model.base_model:
            filled["base_model"] = self._default_model
            changes["model"] = config.model.model_copy(update={"base_model": self._default_model})
        if config.data.dataset_id is None and config.data.train_file is None:
            newest = self._datasets.newest_completed()
            if newest is None:
                raise NothingToTrainOn
            filled["dataset_id"] = newest.dataset_id
            changes["data"] = config.data.model_copy(update={"dataset_id": newest.dataset_id})
        return config.model_copy(update=changes), filled

    def check(self, config: TrainingConfig, trainer: BaseTrainer) -> None:
        """Refuse what cannot be trained, without reading the records.

        Raises:
            ClaraError: Missing or unfinished dataset, missing file, path outside its folder, wrong model folder.
        """
        if not trainer.needs_inputs:
            return
        self._folders.base_model(config.model.base_model, is_offline=self.is_offline)
        self._records(config)

    def resolve(self, config: TrainingConfig, trainer: BaseTrainer) -> ResolvedInputs:
        """Everything as absolute paths, with the identity of the records; a bare file is read for it.

        Raises:
            ClaraError: As `check`.
        """
        found = self.find(config, trainer)
        return found if found.content_sha256 else replace(found, content_sha256=sha256_file(found.train))

    def find(self, config: TrainingConfig, trainer: BaseTrainer) -> ResolvedInputs:
        """As `resolve`, without the identity of a bare file.

        Raises:
            ClaraError: As `check`.
        """
        if not trainer.needs_inputs:
            return ResolvedInputs("", Path(os.devnull), None, None, None, "")
        base_model = self._folders.base_model(config.model.base_model, is_offline=self.is_offline)
        train, dataset = self._records(config)
        if dataset is None:
            return ResolvedInputs(base_model, train, None, None, None, "")
        return ResolvedInputs(
            base_model,
            train,
            _split_file(dataset, Split.VALIDATION),
            _split_file(dataset, Split.TEST),
            dataset.dataset_id,
            dataset.content_sha256 or "",
        )

    def _records(self, config: TrainingConfig) -> tuple[Path, Dataset | None]:
        if config.data.train_file is not None:
            return self._folders.train_file(config.data.train_file), None
        if config.data.dataset_id is None:
            raise NothingToTrainOn
        dataset = self._datasets.get(config.data.dataset_id)
        if dataset.status is not DatasetStatus.COMPLETED:
            raise DatasetNotReady(dataset)
        train = _split_file(dataset, Split.TRAIN)
        if train is None:
            raise InvalidInput(
                f"Dataset {dataset.dataset_id} has no records in its train split.", dataset_id=dataset.dataset_id
            )
        return train, dataset


def _split_file(dataset: Dataset, split: Split) -> Path | None:
    if dataset.path is None:
        return None
    file = Path(dataset.path) / f"{split.value}.jsonl"
    return file if file.is_file() and file.stat().st_size > 0 else None
