"""Builds of real stores as the worker process does them, in this process: claimed, disturbed on their way, resumed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from backend.datasets.folders import DatasetFolders
from backend.datasets.models import DatasetRequest
from backend.datasets.stages import Stage
from backend.datasets.workers.build_worker import Pipe, build_claimed
from config.testing import TestingConfig
from shared.database.stores import Stores, open_stores
from shared.models.dataset import Dataset, DatasetClaim
from tests.support.dataset_service import an_order
from tests.support.registered import register
from tests.support.store_values import a_dataset, an_audit

DOCUMENTS = 8


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the build's own cleaning up runs behind it that knows of it."""


class TestPipe(Pipe):
    """Acts when a stage is finished."""

    __test__ = False

    def __init__(self, acts: dict[Stage, Callable[[], None]]) -> None:
        self._acts = acts

    def say(self, kind: Any, **fields: Any) -> None:
        """Do what is to be done behind a stage."""
        if "stage" in fields and fields["stage"] in set(Stage):
            self._acts.pop(Stage(fields["stage"]), lambda: None)()


class Building:
    """Stores that may hold documents and an ordered dataset.

    Args:
        home: Of the installation.
        database: Folder of its database; None: `home`.
        settings: Of the installation.
    """

    def __init__(self, home: Path, *, database: Path | None = None, **settings: Any) -> None:
        url = f"sqlite:///{(database or home).as_posix()}/clara.db"
        self.settings = TestingConfig(home=home, security_mode="testing", database_url=url, **settings)
        self.stores: Stores = open_stores(
            self.settings.database_url_resolved, derived_stores=("embedded", "embedded_vectors")
        )
        self.folders = DatasetFolders(self.settings.data_dir)

    @classmethod
    def ordered(cls, home: Path, *, documents: int = DOCUMENTS, order: Any = None, **options: Any) -> Self:
        """Stores with documents, and a dataset that is ordered of all of them."""
        building = cls(home, **options)
        for number in range(documents):
            building.put(number)
        row = a_dataset(1)
        request = DatasetRequest.model_validate(an_order(**(order or {}))).model_dump(mode="json")
        dataset = Dataset(row.dataset_id, "Satzungen", "", row.created_at, "a@b", request)
        building.stores.datasets.add(dataset, audit=an_audit())
        return building

    @property
    def dataset_id(self) -> str:
        """Of the only dataset."""
        (dataset,) = self.stores.datasets.page().items
        return dataset.dataset_id

    def put(self, number: int) -> str:
        """Store a document; its id."""
        return register(self.stores.documents, number)

    def erase(self) -> None:
        """Erase the fourth document."""
        self.erased = self.put(3)
        self.stores.documents.erase(self.erased, audit=an_audit())

    def claim(self) -> DatasetClaim:
        """Claim the dataset for a builder that will be thought dead at once."""
        found = self.stores.datasets.claim("builder-1", lease_s=-1)
        assert found is not None
        return found[1]

    def build(self, **acts: Callable[[], None]) -> Dataset:
        """One attempt; does what is named for a stage behind it."""
        pipe = TestPipe({Stage(name): act for name, act in acts.items()})
        return build_claimed(self.stores, self.settings, self.claim(), pipe)

    def documents_of(self, dataset: Dataset) -> set[str]:
        """Documents of which it has records."""
        return {row.document_id for row in self.stores.datasets.provenance(dataset.dataset_id)}
