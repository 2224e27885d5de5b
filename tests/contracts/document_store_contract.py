"""What every `DocumentStore` must do, whatever it stores in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from shared.database.base import DocumentErased, DocumentInput, DocumentNotFound
from shared.database.stores import Stores
from shared.errors import InvalidInput
from shared.models.document import Document
from tests.support.store_values import a_document, an_audit


def _put(stores: Stores, item: DocumentInput) -> tuple[Document, bool]:
    return stores.documents.put_many([item])[0]


class DocumentStoreContract:
    """Subclass it where a `stores` fixture gives empty `Stores` with the derived store "embedded"."""

    def test_a_document_is_read_as_it_was_put(self, stores: Stores) -> None:
        item = a_document("hund.md")

        document, is_new = stores.documents.put(
            item.parsed, source="s", path="hund.md", sha256=item.sha256, size_bytes=100, ingested_by="anna@amt.example"
        )

        assert is_new
        assert stores.documents.get(document.document_id) == document
        assert (document.version, document.section_count, document.title) == (1, 2, "Satzung hund.md")
        assert (document.source, document.path, document.sha256) == ("s", "hund.md", item.sha256)
        assert (document.metadata, document.abbreviation) == ({"gültig_ab": "2026-01-01", "pages": 3}, "HStS")
        assert document.ingested_at.tzinfo is not None

    def test_sections_are_read_as_they_were_put(self, stores: Stores) -> None:
        item = a_document("hund.md", sections=3)
        document, _ = _put(stores, item)

        found = stores.documents.sections(document.document_id)

        assert tuple(stored.section for stored in found) == item.parsed.sections
        assert [stored.section_id for stored in found] == [f"{document.document_id}:1:{n}" for n in range(3)]
        assert (found[0].document_title, found[0].abbreviation) == (document.title, document.abbreviation)
        assert (found[0].source, found[0].path, found[0].version) == (document.source, document.path, 1)

    def test_the_same_bytes_write_nothing(self, stores: Stores) -> None:
        document, _ = _put(stores, a_document("hund.md"))

        assert _put(stores, a_document("hund.md")) == (document, False)
        assert len(stores.documents.outbox("embedded")) == 1

    def test_changed_bytes_are_a_new_version_beside_the_old_one(self, stores: Stores) -> None:
        first, _ = _put(stores, a_document("hund.md", content="v1", sections=2))

        second, is_new = _put(stores, a_document("hund.md", content="v2", sections=1))

        assert is_new
        assert (second.document_id, second.version) == (first.document_id, 2)
        assert stores.documents.get(first.document_id) == second
        assert stores.documents.count() == 1
        assert "v2" in stores.documents.sections(first.document_id)[0].section.text
        assert len(stores.documents.sections(first.document_id, version=1)) == 2
        assert [entry.version for entry in stores.documents.outbox("embedded")] == [1, 2]

    def test_a_return_to_older_bytes_is_a_new_version(self, stores: Stores) -> None:
        for content in ("v1", "v2", "v1"):
            document, is_new = _put(stores, a_document("hund.md", content=content))

        assert (document.version, is_new) == (3, True)

    def test_a_batch_answers_in_its_order_and_may_hold_a_path_twice(self, stores: Stores) -> None:
        known, _ = _put(stores, a_document("b.md"))
        batch = [
            a_document("c.md"),
            a_document("b.md"),
            a_document("a.md", content="v1"),
            a_document("a.md", content="v2"),
            a_document("b.md", source="other"),
        ]

        results = stores.documents.put_many(batch)

        assert [(document.path, document.version, is_new) for document, is_new in results] == [
            ("c.md", 1, True),
            ("b.md", 1, False),
            ("a.md", 1, True),
            ("a.md", 2, True),
            ("b.md", 1, True),
        ]
        assert results[1][0] == known
        assert results[4][0].document_id != known.document_id
        assert stores.documents.count() == 4
        assert stores.documents.put_many([]) == []

    def test_a_batch_with_unstorable_text_stores_nothing(self, stores: Stores) -> None:
        for text in ("a\x00b", "a\udcffb"):
            bad = a_document("bad.md")
            section = replace(bad.parsed.sections[0], text=text)
            bad = replace(bad, parsed=replace(bad.parsed, sections=(section,)))

            with pytest.raises(InvalidInput, match=r"bad\.md"):
                stores.documents.put_many([a_document("good.md"), bad])

        assert stores.documents.count() == 0
        assert stores.documents.outbox("embedded") == []

    def test_threads_that_put_the_same_paths_make_each_document_once(self, stores: Stores) -> None:
        batch = [a_document(f"{number}.md") for number in range(10)]

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda turn: stores.documents.put_many(batch[turn:] + batch[:turn]), range(4)))

        assert stores.documents.count() == 10
        assert sum(is_new for part in results for _, is_new in part) == 10

    def test_known_tells_the_newest_hash_of_registered_paths(self, stores: Stores) -> None:
        _put(stores, a_document("a.md", content="v1"))
        _put(stores, a_document("a.md", content="v2"))
        _put(stores, a_document("b.md", source="other"))

        assert stores.documents.known("satzungen", ["a.md", "b.md", "c.md"]) == {"a.md": f"{'v2':0>64}"}
        assert stores.documents.known("satzungen", []) == {}

    def test_known_takes_more_paths_than_a_statement_has_variables(self, stores: Stores) -> None:
        _put(stores, a_document("a.md"))

        assert len(stores.documents.known("satzungen", [*(f"{n}.md" for n in range(1200)), "a.md"])) == 1

    def test_unknown_documents_and_versions_are_not_found(self, stores: Stores) -> None:
        document, _ = _put(stores, a_document("a.md"))

        for call in (stores.documents.get, stores.documents.sections):
            with pytest.raises(DocumentNotFound):
                call("doc_0")
        with pytest.raises(DocumentNotFound):
            stores.documents.sections(document.document_id, version=2)

    def test_newest_gives_the_registered_ones_of_many_ids(self, stores: Stores) -> None:
        document, _ = _put(stores, a_document("a.md"))
        _put(stores, a_document("b.md"))

        assert stores.documents.newest([document.document_id, "doc_0"]) == {document.document_id: document}

    def test_pages_are_in_order_of_ids_and_can_be_of_one_source(self, stores: Stores) -> None:
        put = stores.documents.put_many([a_document(f"{number}.md") for number in range(5)])
        _put(stores, a_document("x.md", source="other"))
        expected = sorted((document for document, _ in put), key=lambda document: document.document_id)

        first = stores.documents.page(source="satzungen", limit=3)
        rest = stores.documents.page(source="satzungen", limit=3, after=first.next_after)

        assert [*first.items, *rest.items] == expected
        assert (first.total, rest.next_after, stores.documents.page().total) == (5, None, 6)

    def test_sections_are_found_by_id_in_any_version(self, stores: Stores) -> None:
        first, _ = _put(stores, a_document("a.md", content="v1"))
        _put(stores, a_document("a.md", content="v2"))
        wanted = f"{first.document_id}:1:1"

        found = stores.documents.sections_by_id([wanted, f"{first.document_id}:1:9", "nonsense", "doc_0:1:0", "a:b:c"])

        assert list(found) == [wanted]
        assert "v1 Absatz 1" in found[wanted].section.text

    def test_all_newest_sections_stream_in_order(self, stores: Stores) -> None:
        stores.documents.put_many([a_document(f"{number}.md", sections=3) for number in range(40)])
        _put(stores, a_document("7.md", content="v2", sections=1))
        _put(stores, a_document("x.md", source="other"))

        everything = list(stores.documents.iter_sections())

        order = [(stored.document_id, stored.section.ordinal) for stored in everything]
        assert order == sorted(order)
        assert len(order) == 39 * 3 + 1 + 2
        assert sum(stored.path == "7.md" and stored.version == 2 for stored in everything) == 1
        assert [stored.path for stored in stores.documents.iter_sections(source="other")] == ["x.md", "x.md"]

    def test_a_stream_may_be_left_and_others_may_write_meanwhile(self, stores: Stores) -> None:
        stores.documents.put_many([a_document(f"{number}.md") for number in range(40)])

        for number, _ in enumerate(stores.documents.iter_sections()):
            _put(stores, a_document(f"new{number}.md"))
            if number == 2:
                break

        assert stores.documents.count() == 43

    def test_the_outbox_keeps_what_was_not_acknowledged(self, stores: Stores) -> None:
        stores.documents.put_many([a_document(f"{number}.md") for number in range(4)])
        entries = stores.documents.outbox("embedded")
        assert [entry.entry_id for entry in entries] == sorted(entry.entry_id for entry in entries)
        assert stores.documents.outbox("embedded", limit=2) == entries[:2]
        assert (stores.documents.outbox_size("embedded"), stores.documents.outbox_size("other")) == (4, 0)

        stores.documents.acknowledge("other", [entry.entry_id for entry in entries])
        stores.documents.acknowledge("embedded", [entries[0].entry_id, entries[2].entry_id])
        stores.documents.acknowledge("embedded", [entries[0].entry_id])

        assert stores.documents.outbox("embedded") == [entries[1], entries[3]]
        assert stores.documents.outbox("other") == []

    def test_entries_are_never_numbered_again(self, stores: Stores) -> None:
        _put(stores, a_document("a.md"))
        (entry,) = stores.documents.outbox("embedded")
        stores.documents.acknowledge("embedded", [entry.entry_id])
        _put(stores, a_document("b.md"))

        (following,) = stores.documents.outbox("embedded")

        assert following.entry_id > entry.entry_id
        assert asdict(following)["version"] == 1

    def test_an_erased_document_is_gone_in_all_versions_but_for_its_id(self, stores: Stores) -> None:
        document, _ = _put(stores, a_document("a.md"))
        _put(stores, a_document("a.md", content="v2"))
        kept, _ = _put(stores, a_document("b.md"))

        stores.documents.erase(document.document_id, audit=an_audit("document.erased"))

        for call in (stores.documents.get, stores.documents.sections):
            with pytest.raises(DocumentNotFound):
                call(document.document_id)
        assert stores.documents.sections_by_id([f"{document.document_id}:1:0"]) == {}
        assert [each.document_id for each in stores.documents.page().items] == [kept.document_id]
        assert (stores.documents.count(), stores.documents.known("satzungen", ["a.md"])) == (1, {})
        assert stores.documents.erased("satzungen", ["a.md", "b.md", "c.md"]) == {"a.md"}
        assert "document.erased" in {entry.action for _, entry in stores.audit.page()}

    def test_an_erasure_reaches_the_outbox_with_a_version_of_its_own(self, stores: Stores) -> None:
        document, _ = _put(stores, a_document("a.md"))

        stores.documents.erase(document.document_id, audit=an_audit())

        entries = [(each.document_id, each.version) for each in stores.documents.outbox("embedded")]
        assert entries == [(document.document_id, 1), (document.document_id, 2)]

    def test_an_erased_path_is_never_registered_again(self, stores: Stores) -> None:
        document, _ = _put(stores, a_document("a.md"))
        stores.documents.erase(document.document_id, audit=an_audit())

        with pytest.raises(DocumentErased, match=r"a\.md"):
            stores.documents.put_many([a_document("c.md"), a_document("a.md", content="v2")])
        assert stores.documents.count() == 0
        _put(stores, a_document("a.md", source="other"))

    def test_what_is_not_there_cannot_be_erased(self, stores: Stores) -> None:
        document, _ = _put(stores, a_document("a.md"))
        stores.documents.erase(document.document_id, audit=an_audit())

        for document_id in (document.document_id, "doc_0"):
            with pytest.raises(DocumentNotFound):
                stores.documents.erase(document_id, audit=an_audit())

    def test_states_are_the_newest_versions_with_their_sections_and_what_was_erased(self, stores: Stores) -> None:
        _put(stores, a_document("a.md"))
        changed, _ = _put(stores, a_document("a.md", content="v2", sections=3))
        gone, _ = _put(stores, a_document("b.md"))
        stores.documents.erase(gone.document_id, audit=an_audit())

        found = stores.documents.states([gone.document_id, "doc_0", changed.document_id])

        assert [(each.document_id, each.version, each.is_erased) for each in found] == [
            (gone.document_id, 2, True),
            (changed.document_id, 2, False),
        ]
        assert (found[1].document, found[1].sections) == (changed, stores.documents.sections(changed.document_id))

    def test_all_states_stream_in_order_of_ids(self, stores: Stores) -> None:
        put = stores.documents.put_many([a_document(f"{number}.md") for number in range(40)])
        for document, _ in put[:20:5]:
            stores.documents.erase(document.document_id, audit=an_audit())

        states = list(stores.documents.iter_states())

        assert [each.document_id for each in states] == sorted(document.document_id for document, _ in put)
        assert sum(each.is_erased for each in states) == 4
        assert all(len(each.sections) == 2 for each in states if not each.is_erased)
        assert [
            (each.document_id, each.version, each.sha256, len(each.sections), each.is_erased) for each in states
        ] == [
            (each.document_id, each.version, each.sha256, each.section_count, each.is_erased)
            for each in stores.documents.iter_held()
        ]
        assert list(stores.documents.iter_held(at_once=7)) == list(stores.documents.iter_held())

    def test_what_happens_behind_what_was_read_is_seen(self, stores: Stores) -> None:
        put = stores.documents.put_many([a_document(f"{number}.md") for number in range(12)])
        held = stores.documents.iter_held(at_once=5)
        next(held)
        last = max(document.document_id for document, _ in put)
        stores.documents.erase(last, audit=an_audit())

        *_, seen = held
        assert (seen.document_id, seen.is_erased) == (last, True)
