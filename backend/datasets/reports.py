"""The reports of finished datasets: pages, pictures and data cards that their builds have written."""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from backend.datasets.report.file_names import CARD_FILE, DETAILS_FILE, REPORT_FOLDER, page_name, picture_name
from backend.datasets.report.subject import Language
from backend.datasets.withdrawal import completed_dataset, may_read, refuse_reader
from shared.database.base import DatasetStore
from shared.errors import NotFound
from shared.models.dataset import Dataset
from shared.models.users import Principal


class Picture(StrEnum):
    """Pictures that a report may have."""

    SOURCES = "sources"
    TYPES = "types"
    YEARS = "years"
    DROPPED = "dropped"
    LENGTHS = "lengths"
    TOKENS = "tokens"
    QUALITY = "quality"
    LANGUAGES = "languages"
    DUPLICATES = "duplicates"
    PERSONAL_DATA = "personal_data"
    TEMPLATES = "templates"


class NotReported(NotFound):
    """The dataset has no such page or picture: nothing of the kind was there to draw, or it is older than reports."""

    code = "not_reported"

    def __init__(self, dataset_id: str, part: str) -> None:
        super().__init__(
            f"The report of dataset {dataset_id} has no {part}. What was not found is not drawn; a dataset that was "
            "built before reports were written has none: build it again.",
            dataset_id=dataset_id,
            part=part,
        )


class ReportShelf:
    """Finds files of reports.

    Args:
        datasets: Knows where finished datasets lie.
    """

    def __init__(self, datasets: DatasetStore) -> None:
        self._datasets = datasets

    def page(self, dataset_id: str, language: Language, reader: Principal) -> Path:
        """The HTML page.

        Raises:
            DatasetNotFound: If there is no such dataset.
            DatasetNotCompleted: If it is not finished.
            NotReported: If it has no report.
            WithdrawnFromReaders: If it was withdrawn and the reader is no administrator.
        """
        return self._file(dataset_id, page_name(language), "page", reader)

    def picture(self, dataset_id: str, picture: Picture, language: Language, reader: Principal) -> Path:
        """A picture as PNG; raises as `page` does."""
        return self._file(dataset_id, picture_name(picture.value, language), f"picture '{picture}'", reader)

    def card(self, dataset_id: str, reader: Principal) -> Path:
        """The data card as JSON; raises as `page` does."""
        return self._file(dataset_id, CARD_FILE, "data card", reader)

    def statistics(self, dataset_id: str, reader: Principal) -> tuple[Dataset, Mapping[str, Any]]:
        """A dataset with all that is known about it; empty until it is finished.

        Of a withdrawn one those who are no administrators get the figures without samples of its text.

        Raises:
            DatasetNotFound: If there is no such dataset.
        """
        dataset = self._datasets.get(dataset_id)
        if dataset.path is None:
            return dataset, dataset.statistics
        details = Path(dataset.path).parent / REPORT_FOLDER / DETAILS_FILE
        if not details.is_file() or not may_read(dataset, reader):
            return dataset, dataset.statistics
        return dataset, {**dataset.statistics, **json.loads(details.read_text(encoding="utf-8"))}

    def _file(self, dataset_id: str, name: str, part: str, reader: Principal) -> Path:
        dataset, records_dir = completed_dataset(self._datasets, dataset_id)
        refuse_reader(dataset, reader)
        file = records_dir.parent / REPORT_FOLDER / name
        if not file.is_file():
            raise NotReported(dataset_id, part)
        return file
