import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

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
from tests.support.registered import register
from tests.support.store_values import a_document, an_audit


@pytest.fixture
def stores(sqlite_url: str) -> Iterator[Stores]:
    opened = open_stores(sqlite_url)
    yield opened
    opened.close()


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


def test_no_text_of_an_erased_document_stays_in_the_files(stores: Stores, sqlite_url: str) -> None:
    path = Path(str(make_url(sqlite_url).database))

    def holds(word: str) -> bool:
        return any(word.encode() in file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    ((gone, _), _) = stores.documents.put_many(
        [a_document("a.md", content="Krauseberg", sections=400), a_document("b.md", content="Lindenstieg")]
    )
    assert holds("Krauseberg")
    stores.documents.erase(gone.document_id, audit=an_audit("document.erased"))

    assert (holds("Krauseberg"), holds("Lindenstieg")) == (False, True)


def test_who_reads_while_a_document_is_erased_keeps_it_in_the_log_which_is_told(
    sqlite_url: str, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    document_id = register(stores.documents, 1)
    with closing(sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM documents").fetchall()
        stores.documents.erase(document_id, audit=an_audit("document.erased"))

    (told,) = [each for each in caplog.records if each.msg == "database.log_not_emptied"]
    assert vars(told)["reason"] == "somebody is reading"
    assert stores.documents.uses(document_id).is_erased
