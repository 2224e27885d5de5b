"""What every `SearchStore` must do, whatever it searches with; `ranked_list_contracts.py` has the lists it answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.database.base import StoreNotBuilt
from shared.database.search_store import DocumentChange, HeldDocument, SearchStore
from shared.errors import Unavailable
from tests.support.search import a_change, an_erasure, found, held_ids


class SearchStoreContract:
    """Subclass it where `unbuilt_store` gives a store that was never built."""

    @pytest.fixture
    def store(self, unbuilt_store: SearchStore) -> Iterator[SearchStore]:
        """An empty store."""
        unbuilt_store.rebuild([])
        yield unbuilt_store
        unbuilt_store.close()

    def test_an_unbuilt_store_says_so_and_is_never_just_empty(self, unbuilt_store: SearchStore) -> None:
        for wanted in unbuilt_store.lists:
            with pytest.raises(StoreNotBuilt):
                found(unbuilt_store, wanted, "Hund § 1 BGB")
        with pytest.raises(StoreNotBuilt):
            unbuilt_store.apply_many([])
        with pytest.raises(StoreNotBuilt):
            list(unbuilt_store.held())
        assert unbuilt_store.check() != "ok"
        unbuilt_store.close()

    def test_a_built_store_is_ok_and_finds_nothing_in_nothing(self, store: SearchStore) -> None:
        assert store.check() == "ok"
        assert list(store.held()) == []
        for wanted in store.lists:
            assert found(store, wanted, "Hund § 1 BGB") == []

    def test_it_tells_what_it_holds_in_order_of_ids(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_b", "Hund"), a_change("doc_a", "Katze", "Maus")])

        expected = [HeldDocument("doc_a", 1, "sha-doc_a-1", 2), HeldDocument("doc_b", 1, "sha-doc_b-1", 1)]
        assert list(store.held()) == expected

    def test_ids_are_ordered_by_code_points(self, store: SearchStore) -> None:
        names = ["doc_Z", "doc_a", "doc_10", "doc_9", "doc-x"]
        store.apply_many([a_change(name, "Hund") for name in names])

        assert held_ids(store) == sorted(names)

    def test_a_document_without_sections_is_held_too(self, store: SearchStore) -> None:
        assert store.apply_many([a_change("doc_a")]) == 1

        assert list(store.held()) == [HeldDocument("doc_a", 1, "sha-doc_a-1", 0)]

    def test_a_new_version_replaces_the_old_one(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund", "Katze")])

        assert store.apply_many([a_change("doc_a", "Vogel", version=2)]) == 1

        assert list(store.held()) == [HeldDocument("doc_a", 2, "sha-doc_a-2", 1)]

    def test_an_older_version_comes_too_late(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Vogel", version=2)])

        assert store.apply_many([a_change("doc_a", "Hund", "Katze")]) == 0

        assert list(store.held()) == [HeldDocument("doc_a", 2, "sha-doc_a-2", 1)]

    def test_applying_twice_is_applying_once(self, store: SearchStore) -> None:
        batch = [a_change("doc_a", "Hund", "Hund"), a_change("doc_b", "Hund")]
        assert store.apply_many(batch) == 2
        before = list(store.held())

        assert store.apply_many(batch) == 0
        assert list(store.held()) == before

    def test_versions_of_one_document_in_one_batch_end_at_the_newest(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "a", version=2), a_change("doc_a", "b", "c", version=3), a_change("doc_a")])

        assert list(store.held()) == [HeldDocument("doc_a", 3, "sha-doc_a-3", 2)]

    def test_the_same_version_with_another_hash_is_put_right(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund", sha256="other")])

        assert store.apply_many([a_change("doc_a", "Katze")]) == 1

        assert list(store.held()) == [HeldDocument("doc_a", 1, "sha-doc_a-1", 1)]

    def test_an_erased_document_is_out_and_stays_out(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund"), a_change("doc_b", "Hund")])

        assert store.apply_many([an_erasure("doc_a", version=2)]) == 1
        assert store.apply_many([a_change("doc_a", "Hund"), an_erasure("doc_a", version=2)]) == 0

        held = list(store.held())
        assert held == [HeldDocument("doc_a", 2, "", 0, is_erased=True), HeldDocument("doc_b", 1, "sha-doc_b-1", 1)]

    def test_an_erasure_may_arrive_before_the_document(self, store: SearchStore) -> None:
        store.apply_many([an_erasure("doc_a", version=3)])
        store.apply_many([a_change("doc_a", "Hund", version=2)])

        assert list(store.held()) == [HeldDocument("doc_a", 3, "", 0, is_erased=True)]

    def test_forgotten_documents_leave_no_memory(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund", version=9), an_erasure("doc_b", version=4), a_change("doc_c", "x")])

        store.forget(["doc_a", "doc_b", "doc_unknown"])
        assert held_ids(store) == ["doc_c"]

        assert store.apply_many([a_change("doc_a", "Hund"), a_change("doc_b", "Hund")]) == 2
        assert held_ids(store) == ["doc_a", "doc_b", "doc_c"]

    def test_a_rebuild_leaves_exactly_what_it_was_given(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_alt", "Hund", version=7), a_change("doc_neu", "Katze", version=5)])

        assert store.rebuild(iter([a_change("doc_neu", "Katze"), an_erasure("doc_weg", version=2)])) == 2

        expected = [HeldDocument("doc_neu", 1, "sha-doc_neu-1", 1), HeldDocument("doc_weg", 2, "", 0, is_erased=True)]
        assert list(store.held()) == expected
        assert store.check() == "ok"

    def test_a_rebuild_that_fails_never_passes_for_whole(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund")])

        def changes() -> Iterator[DocumentChange]:
            yield a_change("doc_b", "Katze")
            raise RuntimeError("the truth went away")

        with pytest.raises(RuntimeError, match="the truth went away"):
            store.rebuild(changes())
        try:
            held = held_ids(store)
        except StoreNotBuilt:
            held = []
        assert held in ([], ["doc_a"])

        store.rebuild([a_change("doc_c", "Maus")])
        assert held_ids(store) == ["doc_c"]

    def test_many_documents_of_many_sections_go_in_at_once(self, store: SearchStore) -> None:
        changes = [a_change(f"doc_{n:03}", *(f"Hund {n} Katze {s}" for s in range(7))) for n in range(60)]

        assert store.apply_many(changes) == 60

        assert [held.section_count for held in store.held()] == [7] * 60

    def test_a_section_as_long_as_a_book_is_held(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Rechtsverordnung über Hunde. " * 20_000)])

        assert held_ids(store) == ["doc_a"]

    def test_hostile_texts_are_only_texts(self, store: SearchStore) -> None:
        texts = (
            "'; DROP TABLE sections; --",
            '{"$ne": 1}',
            "}) DETACH DELETE n //",
            "\u2028 \u0001 𝔘 \ufffd",
            "$1 %s {0}",
        )
        store.apply_many([a_change("doc_'\"`$", *texts, source="o'hara \\ {x}")])

        assert list(store.held()) == [HeldDocument("doc_'\"`$", 1, "sha-doc_'\"`$-1", 5)]

    def test_threads_that_apply_the_same_documents_agree(self, store: SearchStore) -> None:
        batches = [[a_change(f"doc_{n}", "Hund", version=turn + 1) for n in range(8)] for turn in range(4)]

        def apply(batch: list[DocumentChange]) -> None:
            for _ in range(20):  # the loser of a race repeats, as the outbox does
                try:
                    store.apply_many(batch)
                except Unavailable:
                    continue
                return
            raise AssertionError("it never went through")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(apply, batches))
        store.apply_many(batches[-1])

        assert list(store.held()) == [HeldDocument(f"doc_{n}", 4, f"sha-doc_{n}-4", 1) for n in range(8)]

    def test_closing_twice_is_closing_once(self, store: SearchStore) -> None:
        store.close()
        store.close()
