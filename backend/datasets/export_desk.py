"""What people take out of finished datasets: exports, and downloads of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.common.blocking import in_thread
from backend.datasets.archive import DownloadFile, files_of_split, one_file, whole_folder
from backend.datasets.export.exported import Exported, format_of
from backend.datasets.export.options import ExportOptions
from backend.datasets.export.registry import check_export, exporter_for
from backend.datasets.export_turns import ExportTurns, Patience, endless
from backend.datasets.models import ExportRequest
from backend.datasets.withdrawal import completed_dataset, refuse_reader
from shared.auth.audit import audit_entry
from shared.database.base import DatasetStore
from shared.database.dataset_changes import refuse_unusable
from shared.errors import Conflict, InvalidInput, NotFound
from shared.models.dataset import Dataset, RecordFormat, Split
from shared.models.users import Principal


class NotExported(NotFound):
    """The dataset has no export of this format (yet)."""

    code = "not_exported"

    def __init__(self, dataset_id: str, export_format: str, others: Sequence[str] = ()) -> None:
        found = f" There are: {', '.join(sorted(others))}." if others else ""
        super().__init__(
            f"Dataset {dataset_id} has no {export_format} export; POST /api/datasets/{dataset_id}/export makes one."
            + found,
            dataset_id=dataset_id,
            format=export_format,
        )


class EmptySplit(NotFound):
    """The split holds no records, so its export has no file."""

    code = "empty_split"

    def __init__(self, dataset_id: str, split: Split) -> None:
        super().__init__(f"Split {split} of dataset {dataset_id} holds no records.", dataset_id=dataset_id, split=split)


class NoSuchFile(NotFound):
    """The export has no file of this name."""

    code = "no_such_file"

    def __init__(self, dataset_id: str, export_format: str, file: str) -> None:
        super().__init__(
            f"The {export_format} export of dataset {dataset_id} has no file '{file}'; manifest.json names all.",
            dataset_id=dataset_id,
            format=export_format,
            file=file,
        )


class SplitAndFile(InvalidInput):
    """A split and a file were asked for at once."""

    code = "split_and_file"

    def __init__(self) -> None:
        super().__init__("Give a split or a file, not both: a file belongs to one split already.", field="file")


class SplitInShards(Conflict):
    """The split is more than one file."""

    code = "split_in_shards"

    def __init__(self, dataset_id: str, split: Split, files: list[str]) -> None:
        super().__init__(
            f"Split {split} of dataset {dataset_id} is {len(files)} files; fetch each by its name (?file={files[0]}), "
            "or everything as a zip.",
            dataset_id=dataset_id,
            split=split,
            files=files,
        )


@dataclass(frozen=True, slots=True)
class ExportTask:
    """An export to write.

    Args:
        target: Folder that does not exist yet.
    """

    dataset: Dataset
    export_format: str
    options: ExportOptions
    target: Path


class ExportDesk:
    """The use cases of exports.

    Args:
        datasets: Truth of datasets.
        write: Writes one export and returns when it is published.
        turns: When it is written.
    """

    def __init__(self, datasets: DatasetStore, write: Callable[[ExportTask], None], turns: ExportTurns) -> None:
        self._datasets = datasets
        self._write = write
        self._turns = turns

    async def export(
        self,
        dataset_id: str,
        order: ExportRequest,
        principal: Principal,
        *,
        request_id: str | None = None,
        patience: Patience = endless,
    ) -> Exported:
        """Write a finished dataset in a format when it is its turn, or find at once that it is there already.

        Raises:
            DatasetNotFound: If there is none.
            DatasetNotCompleted: If it is not finished.
            DatasetWithdrawn: If it is kept for accountability only.
            UnknownExportFormat: If the format is not installed.
            NotExportable: If the format cannot hold these records, or does not know an option.
            TooManyExports: If too many wait for their turn.
        """
        task = await in_thread(self.ordered, dataset_id, order)
        if await in_thread(task.target.exists):
            return await in_thread(self.settle, task, principal, request_id=request_id)
        return await self._turns.run(self.settle, patience, task, principal, request_id=request_id)

    def ordered(self, dataset_id: str, order: ExportRequest) -> ExportTask:
        """What an order asks for, if it can be had; raises as `export` does."""
        dataset, records_dir = self._usable(dataset_id)
        options = ExportOptions.from_json(order.model_dump(exclude={"format"}))
        check_export(order.format, RecordFormat(dataset.request["record_format"]), options)
        target = records_dir.parent / "exports" / f"{order.format}{options.folder_suffix}"
        return ExportTask(dataset, order.format, options, target)

    def settle(self, task: ExportTask, principal: Principal, *, request_id: str | None = None) -> Exported:
        """Write what is not there yet, and note it; raises as `export` does."""
        dataset_id, name = task.dataset.dataset_id, task.target.name
        # it may have waited for its turn
        self._usable(dataset_id)
        if not task.target.exists():
            self._write(task)
        audit = audit_entry(principal, "dataset.exported", "dataset", dataset_id, request_id=request_id, format=name)
        self._datasets.set_export(dataset_id, name, str(task.target), audit=audit)
        return Exported(name, str(task.target))

    def download(
        self,
        dataset_id: str,
        export_format: str,
        split: Split | None,
        reader: Principal,
        *,
        file: str | None = None,
    ) -> DownloadFile:
        """An export as one file: a file or a split as it is, or everything as a zip.

        Args:
            dataset_id: Whose.
            export_format: Name of the export; a format alone means the usual options, or the first of the others where
                no export has these.
            split: One split.
            reader: Who asks.
            file: One file, by its name in the manifest.

        Raises:
            NotExported: If there is no such export.
            NoSuchFile: If the export has no such file.
            EmptySplit: If the split holds no records.
            SplitInShards: If the split is more than one file.
            WithdrawnFromReaders: If it was withdrawn and the reader is no administrator.
        """
        dataset, _ = completed_dataset(self._datasets, dataset_id)
        refuse_reader(dataset, reader)
        folder = _folder(dataset, export_format)
        name = f"{dataset_id}-{export_format}"
        if split is not None:
            if file is not None:
                raise SplitAndFile
            file = _file_of_split(dataset_id, folder, split)
        if file is None:
            return whole_folder(folder, name=name)
        found = one_file(folder, file, name=name)
        if found is None:
            raise NoSuchFile(dataset_id, export_format, file)
        return found

    def _usable(self, dataset_id: str) -> tuple[Dataset, Path]:
        dataset, records_dir = completed_dataset(self._datasets, dataset_id)
        refuse_unusable(dataset)
        return dataset, records_dir


def _folder(dataset: Dataset, name: str) -> Path:
    paths, export_format = dataset.export_paths, format_of(name)
    exporter_for(export_format)
    if name in paths:
        return Path(paths[name])
    others = [each for each in paths if format_of(each) == export_format]
    if name == export_format and others:
        return Path(paths[others[0]])
    raise NotExported(dataset.dataset_id, name, others)


def _file_of_split(dataset_id: str, folder: Path, split: Split) -> str:
    files = files_of_split(folder, split)
    if not files:
        raise EmptySplit(dataset_id, split)
    if len(files) > 1:
        raise SplitInShards(dataset_id, split, files)
    return files[0]
