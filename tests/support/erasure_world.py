"""Documents, a version of all of them, cached replies and the desk that erases, over in-memory stores."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from backend.datasets.erasing import ErasureDesk
from backend.datasets.folders import DatasetFolders
from backend.datasets.records.candidates import Candidate
from backend.datasets.synthetic.cache import ReplyCache
from shared.database.stores import Stores, memory_stores
from shared.errors import Unavailable
from shared.models.dataset import Dataset
from tests.support.built_versions import completed_version
from tests.support.registered import register


@dataclass
class FedStore:
    """A search store that takes over when it is asked, unless it is away."""

    stores: Stores
    is_away: bool = False
    fed_stores: tuple[str, ...] = ("embedded",)

    def catch_up(self, store: str) -> int:
        """Acknowledge everything."""
        if self.is_away:
            raise Unavailable("away")
        entries = self.stores.documents.outbox(store)
        self.stores.documents.acknowledge(store, [each.entry_id for each in entries])
        return len(entries)


@dataclass
class ErasureWorld:
    """Documents, a version of all of them, cached replies, and the desk."""

    folder: Path
    stores: Stores = field(default_factory=memory_stores)

    def __post_init__(self) -> None:
        self.search = FedStore(self.stores)
        self.replies = ReplyCache(self.folder / "synthetic")
        self.ids = [register(self.stores.documents, number) for number in range(3)]
        for document_id in self.ids:
            self.replies.put(document_id, {"model": "m"}, "Eine Antwort")
        self.dataset = self._built()
        self.desk = self.a_desk(self.replies.forget)

    def a_desk(self, *forgetting: Callable[[str], None]) -> ErasureDesk:
        """A desk that has these forget."""
        return ErasureDesk(self.stores.documents, self.stores.datasets, self.search, forgetting)

    def report(self) -> str:
        """Pages and details of the report of the version."""
        report = Path(str(self.dataset.path)).parent / "report"
        names = ("de.html", "en.html", "details.json")
        return "".join((report / name).read_text(encoding="utf-8") for name in names)

    def has_reply(self, document_id: str) -> bool:
        """Whether a reply about a document is kept."""
        return self.replies.get(document_id, {"model": "m"}) is not None

    def _built(self) -> Dataset:
        found = [Candidate(each, 0.5) for each in self.stores.documents.iter_sections()]
        return completed_version(self.stores.datasets, DatasetFolders(self.folder), 1, found, export_formats=["jsonl"])
