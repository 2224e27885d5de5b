"""What benchmarks of datasets begin with: laws that are ingested and can be searched, and the order of a dataset."""

from pathlib import Path

from backend.datasets.ingest.pipeline import ingest_paths
from backend.datasets.models import DatasetRequest
from backend.datasets.search_stores import fed_store_names, open_search
from config import BaseConfig
from shared.database.stores import Stores, open_stores
from shared.models.dataset import Dataset
from shared.models.events import AuditEntry
from shared.utils.clock import utc_now
from tests.support.real_texts import law_files

DATASET_ID = "dataset_benchmark"
FORMATS = ("jsonl", "parquet", "csv")
OWNER = "benchmark"


def law_settings(home: Path) -> BaseConfig:
    """Everything below one folder; found by keywords alone."""
    return BaseConfig(
        home=home, database_url=f"sqlite:///{home / 'clara.db'}", environment="testing", embedding_model="none"
    )


def ingested_laws(config: BaseConfig, *, every: int) -> tuple[Stores, int]:
    """Take every so-manieth law in and feed the keyword index; the open stores, and the size of the laws in bytes."""
    laws = config.home / "laws"
    laws.mkdir(parents=True)
    size = 0
    for number, (name, stream) in enumerate(law_files(every)):
        size += (laws / f"{number}-{name}").write_bytes(stream.read())
    stores = open_stores(config.database_url_resolved, derived_stores=fed_store_names(config))
    ingest_paths([laws], store=stores.documents, source="laws", ingested_by=OWNER)
    search = open_search(config, stores.documents)
    for store in search.fed_stores:
        search.catch_up(store)
    search.close()
    return stores, size


def order_dataset(stores: Stores) -> None:
    """Order a dataset of every section, in three formats; whoever claims it first builds it."""
    request = DatasetRequest.model_validate(
        {"name": "Laws", "search_query": {"query_text": "*", "top_k": 100_000}, "export_formats": FORMATS}
    )
    dataset = Dataset(DATASET_ID, "Laws", "", utc_now(), OWNER, request.model_dump(mode="json"))
    audit = AuditEntry(action="dataset.ordered", object_type="dataset", object_id=DATASET_ID, actor=OWNER, detail={})
    stores.datasets.add(dataset, audit=audit)
