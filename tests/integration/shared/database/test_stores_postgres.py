from collections.abc import Iterator

import pytest

from shared.database.engine import open_engine, write_transaction
from shared.database.stores import Stores, open_stores
from tests.contracts.adapter_store_contract import AdapterStoreContract
from tests.contracts.audit_store_contract import AuditStoreContract
from tests.contracts.dataset_store_contract import DatasetStoreContract
from tests.contracts.dataset_versions_contract import DatasetVersionsContract
from tests.contracts.document_erasure_contract import DocumentErasureContract
from tests.contracts.document_store_contract import DocumentStoreContract
from tests.contracts.export_store_contract import ExportStoreContract
from tests.contracts.feedback_store_contract import FeedbackStoreContract
from tests.contracts.job_store_contract import JobStoreContract
from tests.contracts.key_store_contract import KeyStoreContract
from tests.contracts.review_store_contract import ReviewStoreContract
from tests.support.emptied import empty
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def migrated(postgres_server: PostgresServer) -> Iterator[tuple[Stores, str]]:
    url = postgres_server.new_database()
    opened = open_stores(url)
    yield opened, url
    opened.close()


@pytest.fixture
def stores(migrated: tuple[Stores, str]) -> Stores:
    opened, url = migrated
    engine = open_engine(url)
    with write_transaction(engine) as connection:
        empty(connection)
    engine.dispose()
    return opened


class TestAdapters(AdapterStoreContract):
    pass


class TestAudit(AuditStoreContract):
    pass


class TestDatasets(DatasetStoreContract):
    pass


class TestDatasetVersions(DatasetVersionsContract):
    pass


class TestDocuments(DocumentStoreContract):
    pass


class TestDocumentErasure(DocumentErasureContract):
    pass


class TestExports(ExportStoreContract):
    pass


class TestFeedback(FeedbackStoreContract):
    pass


class TestJobs(JobStoreContract):
    pass


class TestKeys(KeyStoreContract):
    pass


class TestReviews(ReviewStoreContract):
    pass
