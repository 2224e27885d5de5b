"""What a job trains on: from the names in its config to verified folders and files."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from backend.training.chosen_template import chosen_template
from backend.training.folders import TrainingFolders
from backend.training.trainers.base import BaseTrainer, ContinuousData
from backend.training.training_config import TrainingConfig
from shared.database.base import DatasetStore
from shared.database.dataset_changes import DatasetWithdrawn
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
    """Inputs of one attempt as absolute paths (`base_model` may be a hub name; `chat_template` is the text of one).

    A trainer that needs no inputs gets the empty name and the empty file.
    """

    base_model: str
    train: Path
    validation: Path | None
    test: Path | None
    dataset_id: str | None
    content_sha256: str
    chat_template: str | None = None
    continuous: ContinuousData | None = None


class FeedbackInputs(Protocol):
    """What trainers that learn from feedback get, instead of records that a config names."""

    def with_defaults(self, config: TrainingConfig) -> tuple[TrainingConfig, Mapping[str, str]]:
        """Fix which feedback is meant; also returns what was filled in."""
        ...

    def check(self, config: TrainingConfig) -> None:
        """Refuse what cannot be trained, without reading the feedback."""
        ...

    def resolve(self, config: TrainingConfig, base_model: str, job_dir: Path) -> ResolvedInputs:
        """Everything as absolute paths; the feedback lies in the job's folder afterwards."""
        ...


class InputResolver:
    """Finds what a config names; used when a job is submitted, before it is queued and when it starts.

    Args:
        datasets: Truth of datasets.
        folders: Where files lie.
        default_model: Base model of a config that names none.
        is_offline: Whether the hub must not be asked.
        feedback: For trainers that learn from feedback.
    """

    def __init__(
        self,
        datasets: DatasetStore,
        folders: TrainingFolders,
        *,
        default_model: str,
        is_offline: bool,
        feedback: FeedbackInputs,
    ) -> None:
        self._datasets = datasets
        self._folders = folders
        self._default_model = default_model
        self._feedback = feedback
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
        if trainer.needs_feedback:
            config, of_feedback = self._feedback.with_defaults(config.model_copy(update=changes))
            return config, {**filled, **of_feedback}
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
        chosen_template(config, self._folders)
        if trainer.needs_feedback:
            self._feedback.check(config)
        else:
            self._records(config)

    def resolve(self, config: TrainingConfig, trainer: BaseTrainer, job_dir: Path) -> ResolvedInputs:
        """Everything as absolute paths, with the identity of the records; a bare file is read for it.

        Args:
            config: Of the job.
            trainer: That is to run.
            job_dir: The job's own folder, for inputs that are no files yet.

        Raises:
            ClaraError: As `check`.
        """
        if trainer.needs_feedback:
            base_model = self._folders.base_model(config.model.base_model, is_offline=self.is_offline)
            resolved = self._feedback.resolve(config, base_model, job_dir)
            return replace(resolved, chat_template=chosen_template(config, self._folders))
        found = self.find(config, trainer)
        return found if found.content_sha256 else replace(found, content_sha256=sha256_file(found.train))

    def find(self, config: TrainingConfig, trainer: BaseTrainer) -> ResolvedInputs:
        """As `resolve`, without the identity of a bare file; for trainers whose records are files.

        Raises:
            ClaraError: As `check`.
        """
        if not trainer.needs_inputs:
            return ResolvedInputs("", Path(os.devnull), None, None, None, "")
        base_model = self._folders.base_model(config.model.base_model, is_offline=self.is_offline)
        template = chosen_template(config, self._folders)
        train, dataset = self._records(config)
        if dataset is None:
            return ResolvedInputs(base_model, train, None, None, None, "", template)
        return ResolvedInputs(
            base_model,
            train,
            split_file(dataset, Split.VALIDATION),
            split_file(dataset, Split.TEST),
            dataset.dataset_id,
            dataset.content_sha256 or "",
            template,
        )

    def _records(self, config: TrainingConfig) -> tuple[Path, Dataset | None]:
        if config.data.train_file is not None:
            return self._folders.train_file(config.data.train_file), None
        if config.data.dataset_id is None:
            raise NothingToTrainOn
        dataset = completed_dataset(self._datasets, config.data.dataset_id)
        train = split_file(dataset, Split.TRAIN)
        if train is None:
            raise InvalidInput(
                f"Dataset {dataset.dataset_id} has no records in its train split.", dataset_id=dataset.dataset_id
            )
        return train, dataset


def completed_dataset(datasets: DatasetStore, dataset_id: str) -> Dataset:
    """A dataset that can be trained on.

    Raises:
        DatasetNotFound: If there is none.
        DatasetNotReady: If it is not completed.
        DatasetWithdrawn: If it is kept for accountability only.
    """
    dataset = datasets.get(dataset_id)
    if dataset.status is not DatasetStatus.COMPLETED:
        raise DatasetNotReady(dataset)
    if dataset.is_withdrawn:
        raise DatasetWithdrawn(dataset)
    return dataset


def split_file(dataset: Dataset, split: Split) -> Path | None:
    """The records of a split, None if it has none."""
    if dataset.path is None:
        return None
    file = Path(dataset.path) / f"{split.value}.jsonl"
    return file if file.is_file() and file.stat().st_size > 0 else None
