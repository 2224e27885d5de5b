"""What a continuous run learns from: fixed when it is accepted, written into the job's folder when it starts.

Items of feedback never change and `seq` follows the order in which they became visible, so two numbers say for ever
which items are meant: every attempt of the job, on any service, sees the same records.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.training.folders import TrainingFolders
from backend.training.inputs import ResolvedInputs, completed_dataset, split_file
from backend.training.trainers.base import ActiveAdapter, ContinuousData
from backend.training.training_config import ContinuousSection, TrainingConfig
from shared.database.base import AdapterStore, DatasetStore, FeedbackStore, JobStore
from shared.errors import InvalidInput
from shared.models.adapter import Adapter
from shared.models.dataset import Dataset, DatasetStatus, Split
from shared.models.feedback import FeedbackItem
from shared.models.targets import target_of
from shared.storage import (
    AlreadyPublished,
    CorruptArtefact,
    disk_errors,
    read_manifest,
    sha256_file,
    stage,
    sweep_stages,
    verify_folder,
)

FOLDER = "inputs"
FEEDBACK_FILE = "feedback.jsonl"
_PAGE = 500
_BASE_MODEL = ""
"""As `parent_adapter_id`: there is no adapter to compare with."""


class NotEnoughFeedback(InvalidInput):
    """Too few new items to learn from and to judge by."""

    code = "not_enough_feedback"

    def __init__(self, found: int, section: ContinuousSection) -> None:
        super().__init__(
            f"There are {found} new items of feedback with a target (after {section.feedback_after}, until "
            f"{section.feedback_until}); a continuous run needs {section.min_new_records} "
            "(continuous.min_new_records). Give more with `clara feedback add` or `clara feedback import`.",
            found=found,
            needed=section.min_new_records,
        )


class FeedbackNotThere(InvalidInput):
    """Feedback that has not come yet cannot be fixed for a run."""

    code = "feedback_not_there"

    def __init__(self, asked: int, newest: int) -> None:
        super().__init__(
            f"continuous.feedback_until is {asked}, but the newest item of feedback has seq {newest}. Leave it out to "
            "take all that is there.",
            asked=asked,
            newest=newest,
        )


class NothingToCompareOn(InvalidInput):
    """Without golden records nobody can say whether a candidate is worse than what it would replace."""

    code = "nothing_to_compare_on"

    def __init__(self) -> None:
        super().__init__(
            "A continuous run needs records that must not get worse: name a file below the data folder "
            "(continuous.golden_file), or a completed dataset with a test split (data.dataset_id)."
        )


class ParentOfOtherBase(InvalidInput):
    """The adapter to compare with belongs to another base model."""

    code = "parent_of_other_base"

    def __init__(self, parent: Adapter, base_model: str) -> None:
        super().__init__(
            f"continuous.parent_adapter_id names adapter {parent.adapter_id} of base model '{parent.base_model}', but "
            f"the run is on '{base_model}'. Leave it out to compare with the active adapter.",
            adapter_id=parent.adapter_id,
            base_model=base_model,
        )


@dataclass(frozen=True, slots=True)
class FeedbackSources:
    """The stores that a continuous run is put together from."""

    feedback: FeedbackStore
    adapters: AdapterStore
    jobs: JobStore
    datasets: DatasetStore


class FeedbackInputResolver:
    """`FeedbackInputs` from the stores.

    Args:
        sources: Where feedback, adapters and datasets are looked up.
        folders: Where files lie.
    """

    def __init__(self, sources: FeedbackSources, folders: TrainingFolders) -> None:
        self._sources = sources
        self._folders = folders

    def with_defaults(self, config: TrainingConfig) -> tuple[TrainingConfig, Mapping[str, str]]:
        """Fix which feedback is meant, what the candidate is compared with, and which dataset is replayed."""
        parent = self._parent(config)
        found = self._fixed(config.continuous, parent)
        section = config.continuous.model_copy(update=found)
        data = config.data
        if data.dataset_id is None and data.train_file is None:
            data = data.model_copy(update={"dataset_id": self._dataset_id(config, parent)})
        filled = {name: str(value) for name, value in found.items() if name != "replay_ranges" and value != _BASE_MODEL}
        if data.dataset_id is not None and data.dataset_id != config.data.dataset_id:
            filled["dataset_id"] = data.dataset_id
        return config.model_copy(update={"continuous": section, "data": data}), filled

    def check(self, config: TrainingConfig) -> None:
        """Refuse what cannot be trained.

        Raises:
            ClaraError: Too little feedback, nothing to compare on, or something named that is not there.
        """
        section = config.continuous
        parent = self._parent(config)
        if parent is not None and parent.base_model != config.model.base_model:
            raise ParentOfOtherBase(parent, config.model.base_model)
        newest = self._sources.feedback.newest_seq()
        if (section.feedback_until or 0) > newest:
            raise FeedbackNotThere(section.feedback_until or 0, newest)
        new = self._sources.feedback.count_targets(
            min_score=section.min_score, after=section.feedback_after or 0, until=section.feedback_until
        )
        if new < section.min_new_records:
            raise NotEnoughFeedback(new, section)
        self._files(config)

    def resolve(self, config: TrainingConfig, base_model: str, job_dir: Path) -> ResolvedInputs:
        """Write the feedback into the job's folder, unless it lies there already, and find everything else.

        Raises:
            ClaraError: As `check`; DiskFull and NotWritable too.
        """
        replay, golden, dataset = self._files(config)
        parent = self._parent(config)
        folder = job_dir / FOLDER
        if not _is_whole(folder):
            self._write(config.continuous, folder)
        parts = [read_manifest(folder).sha256, sha256_file(golden), sha256_file(replay) if replay else ""]
        return ResolvedInputs(
            base_model=base_model,
            train=folder / FEEDBACK_FILE,
            validation=None,
            test=golden,
            dataset_id=dataset.dataset_id if dataset else None,
            content_sha256=hashlib.sha256(" ".join(parts).encode("ascii")).hexdigest(),
            continuous=ContinuousData(golden, replay, None if parent is None else _active(parent)),
        )

    def _parent(self, config: TrainingConfig) -> Adapter | None:
        """The adapter to compare with: the one that is named, or (before that is fixed) the active one."""
        adapter_id = config.continuous.parent_adapter_id
        if adapter_id is None:
            active = self._sources.adapters.active(config.model.base_model)
            adapter_id = _BASE_MODEL if active is None else active.adapter_id
        return None if adapter_id == _BASE_MODEL else self._sources.adapters.get(adapter_id)

    def _fixed(self, section: ContinuousSection, parent: Adapter | None) -> dict[str, Any]:
        """Members that were left open, with what they stand for now."""
        earlier = self._section_of(parent)
        learnt = None if earlier is None or earlier.feedback_until is None else earlier
        after, until = (0, 0) if learnt is None else (learnt.feedback_after or 0, learnt.feedback_until or 0)
        ranges = [] if learnt is None else [*(learnt.replay_ranges or ()), [after, until]]
        values = {
            "parent_adapter_id": _BASE_MODEL if parent is None else parent.adapter_id,
            "feedback_until": self._sources.feedback.newest_seq(),
            "feedback_after": until,
            "replay_ranges": ranges,
        }
        return {name: value for name, value in values.items() if getattr(section, name) is None}

    def _section_of(self, parent: Adapter | None) -> ContinuousSection | None:
        """What the run that made `parent` learnt, None if it was no continuous one."""
        if parent is None:
            return None
        job = self._sources.jobs.get(parent.job_id)
        return TrainingConfig.parse(job.config).continuous

    def _dataset_id(self, config: TrainingConfig, parent: Adapter | None) -> str | None:
        """The dataset that the parent was trained on; else, if there is no golden file, the newest one."""
        if parent is not None and parent.dataset_id is not None:
            dataset = self._sources.datasets.get(parent.dataset_id)
            if dataset.status is DatasetStatus.COMPLETED:
                return dataset.dataset_id
        if config.continuous.golden_file is not None:
            return None
        newest = self._sources.datasets.newest_completed()
        return None if newest is None else newest.dataset_id

    def _files(self, config: TrainingConfig) -> tuple[Path | None, Path, Dataset | None]:
        """Records to replay, golden records, and the dataset that either comes from."""
        dataset = None
        if config.data.dataset_id is not None:
            dataset = completed_dataset(self._sources.datasets, config.data.dataset_id)
        replay = None if dataset is None else split_file(dataset, Split.TRAIN)
        if config.data.train_file is not None:
            replay = self._folders.train_file(config.data.train_file)
        golden = None if dataset is None else split_file(dataset, Split.TEST)
        if config.continuous.golden_file is not None:
            golden = self._folders.train_file(config.continuous.golden_file)
        if golden is None:
            raise NothingToCompareOn
        return replay, golden, dataset

    def _write(self, section: ContinuousSection, folder: Path) -> None:
        """Publish the feedback of the run; the same bytes whenever and wherever it is done."""
        with disk_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)
            sweep_stages(folder.parent)
        with stage(folder) as staged:
            with (staged.path / FEEDBACK_FILE).open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(self._lines(section))
            try:
                staged.publish({"kind": "feedback"})
            except AlreadyPublished:
                # an attempt whose claim is lost was faster, with the same bytes
                verify_folder(folder)

    def _lines(self, section: ContinuousSection) -> Iterator[str]:
        after, until = section.feedback_after or 0, section.feedback_until or 0
        ranges = [(start, end, False) for start, end in section.replay_ranges or ()]
        for start, end, is_new in [*ranges, (after, until, True)]:
            for item in self._items(section.min_score, start, end):
                row = {
                    "feedback_id": item.feedback_id,
                    "prompt": item.prompt,
                    "target": target_of(item, min_score=section.min_score),
                    "importance": item.importance,
                    "is_new": is_new,
                }
                yield json.dumps(row, ensure_ascii=False) + "\n"

    def _items(self, min_score: float, after: int, until: int) -> Iterable[FeedbackItem]:
        while page := self._sources.feedback.targets(min_score=min_score, after=after, until=until, limit=_PAGE):
            yield from page
            after = page[-1].seq


def _is_whole(folder: Path) -> bool:
    try:
        verify_folder(folder)
    except CorruptArtefact:
        return False
    return True


def _active(parent: Adapter) -> ActiveAdapter:
    return ActiveAdapter(
        parent.adapter_id, Path(parent.path), parent.manifest_sha256, base_model_digest=parent.base_model_digest
    )
