from shared.database.audit.entries import registered
from shared.database.stores import memory_stores
from tests.support.store_values import a_document


def test_documents_of_one_person_are_one_entry_with_their_versions() -> None:
    stores = memory_stores()
    first, second = (document for document, _ in stores.documents.put_many([a_document("a.md"), a_document("b.md")]))

    (entry,) = registered([first, second])

    assert (entry.action, entry.actor, entry.object_id) == ("document.registered", first.ingested_by, "2 documents")
    assert entry.detail == {"versions": {first.document_id: 1, second.document_id: 1}}
    assert registered([first])[0].object_id == first.document_id
    assert registered([]) == []
