"""What every `SearchStore` must do, whatever it searches with."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.database.base import SearchStore, StoreNotBuilt
from shared.models.document import StoredSection
from tests.support.search import a_section, found, sections_of


class SearchStoreContract:
    """Subclass it where `unbuilt_store` gives a store that was never built."""

    @pytest.fixture
    def store(self, unbuilt_store: SearchStore) -> SearchStore:
        """An empty store."""
        unbuilt_store.rebuild([])
        return unbuilt_store

    def test_an_unbuilt_store_says_so_and_is_never_just_empty(self, unbuilt_store: SearchStore) -> None:
        with pytest.raises(StoreNotBuilt):
            list(unbuilt_store.search("Hund", top_k=10))
        with pytest.raises(StoreNotBuilt):
            unbuilt_store.apply_many([])
        assert unbuilt_store.check() != "ok"

    def test_a_built_store_is_ok_and_finds_nothing_in_nothing(self, store: SearchStore) -> None:
        assert store.check() == "ok"
        assert found(store, "Hund") == []
        assert found(store, "*") == []

    def test_any_word_of_the_query_is_enough(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "Der Hund bellt", "Die Katze schläft", "Ein Vogel singt"))

        assert set(found(store, "Hund oder Katze")) == {"doc_a:1:0", "doc_a:1:1"}

    def test_the_better_match_comes_first_with_rank_and_score(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "Hund", "Hund und Steuer", "Steuer ist kein Tier", "Vogel"))

        hits = list(store.search("Hund Steuer", top_k=10))

        assert hits[0].section_id == "doc_a:1:1"
        assert [hit.rank for hit in hits] == [1, 2, 3]
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert all(hit.score > 0 for hit in hits)
        assert all(hit.legs == {store.leg: hit.rank} for hit in hits)
        assert {(hit.document_id, hit.version) for hit in hits} == {("doc_a", 1)}

    def test_a_citation_finds_exactly_its_section_first(self, store: SearchStore) -> None:
        for law in ("VwVfG", "BGB"):
            numbered = [
                a_section(f"doc_{law}", n, f"Absatz nach § 35a {law}", number=f"§ {number}", abbreviation=law)
                for n, number in enumerate(["35", "35a", "36"])
            ]
            store.apply(f"doc_{law}", 1, numbered)

        assert found(store, "§ 35a VwVfG")[0] == "doc_VwVfG:1:1"
        assert found(store, "BGB § 35")[0] == "doc_BGB:1:0"

    def test_headings_count_more_than_bodies(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, [a_section("doc_a", 0, "Fristen stehen hier"), a_section("doc_a", 1, "x", "Fristen")])

        assert found(store, "Fristen")[0] == "doc_a:1:1"

    def test_german_words_are_told_apart_and_found_in_both_spellings(self, store: SearchStore) -> None:
        texts = ("Kosten fordern", "Künste FÖRDERN", "Der Beschluß", "Ein Beschluss", "Nicht zulässig")
        store.apply("doc_a", 1, sections_of("doc_a", *texts))

        assert found(store, "fordern") == ["doc_a:1:0"]
        assert found(store, "fo\u0308rdern") == ["doc_a:1:1"]
        assert set(found(store, "beschluß")) == {"doc_a:1:2", "doc_a:1:3"}
        assert found(store, "nicht") == ["doc_a:1:4"]

    def test_equals_are_ordered_by_section_id(self, store: SearchStore) -> None:
        for document_id in ("doc_c", "doc_a", "doc_b"):
            store.apply(document_id, 1, sections_of(document_id, "Hund", "Hund"))

        expected = [f"doc_{name}:1:{ordinal}" for name in "abc" for ordinal in (0, 1)]
        assert found(store, "Hund") == expected
        assert found(store, "*") == expected

    def test_the_star_finds_everything_without_score(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "Hund", "", "§§§"))

        hits = list(store.search(" * ", top_k=10))

        assert [(hit.section_id, hit.score) for hit in hits] == [(f"doc_a:1:{n}", 0.0) for n in range(3)]

    def test_top_k_and_sources_limit_the_hits(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "Hund", "Hund", source="amt"))
        store.apply("doc_b", 1, sections_of("doc_b", "Hund", source="o'hara"))

        assert found(store, "Hund", top_k=2) == ["doc_a:1:0", "doc_a:1:1"]
        assert found(store, "Hund", sources=["o'hara"]) == ["doc_b:1:0"]
        assert found(store, "*", sources=["amt", "fehlt"]) == ["doc_a:1:0", "doc_a:1:1"]
        assert found(store, "Hund", sources=["fehlt"]) == []

    def test_a_new_version_replaces_the_old_one(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "Hund", "Katze"))

        store.apply("doc_a", 2, sections_of("doc_a", "Vogel", version=2))

        assert found(store, "Hund Katze") == []
        assert found(store, "*") == found(store, "Vogel") == ["doc_a:2:0"]

    def test_an_older_version_comes_too_late(self, store: SearchStore) -> None:
        store.apply("doc_a", 2, sections_of("doc_a", "Vogel", version=2))

        store.apply("doc_a", 1, sections_of("doc_a", "Hund"))

        assert found(store, "*") == ["doc_a:2:0"]

    def test_applying_twice_is_applying_once(self, store: SearchStore) -> None:
        batch = [("doc_a", 1, sections_of("doc_a", "Hund", "Hund")), ("doc_b", 1, sections_of("doc_b", "Hund"))]
        store.apply_many(batch)
        before = list(store.search("Hund", top_k=10))

        store.apply_many(batch + batch)

        assert list(store.search("Hund", top_k=10)) == before

    def test_scores_do_not_depend_on_how_the_store_came_to_be(self, store: SearchStore) -> None:
        texts = ["Hund Hund", "Hund und Katze", "Katze", "Vogel"]
        store.apply("doc_a", 1, sections_of("doc_a", "Hund", "Maus", "Hund"))
        store.apply("doc_a", 2, sections_of("doc_a", *texts, version=2))
        grown = list(store.search("Hund Katze", top_k=10))

        store.rebuild([("doc_a", 2, sections_of("doc_a", *texts, version=2))])

        assert list(store.search("Hund Katze", top_k=10)) == grown

    def test_a_rebuild_replaces_everything_at_once(self, store: SearchStore) -> None:
        store.apply("doc_alt", 7, sections_of("doc_alt", "Hund", version=7))
        seen: list[list[str]] = []

        def batches() -> Sequence[tuple[str, int, Sequence[StoredSection]]]:
            seen.append(found(store, "*"))
            yield "doc_neu", 1, sections_of("doc_neu", "Katze")
            seen.append(found(store, "*"))

        assert store.rebuild(batches()) == 1
        assert seen == [["doc_alt:7:0"], ["doc_alt:7:0"]]
        assert found(store, "*") == ["doc_neu:1:0"]

    def test_a_rebuild_that_fails_changes_nothing(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "Hund"))

        def batches() -> Sequence[tuple[str, int, Sequence[StoredSection]]]:
            yield "doc_b", 1, sections_of("doc_b", "Katze")
            raise RuntimeError("the truth went away")

        with pytest.raises(RuntimeError):
            store.rebuild(batches())
        assert found(store, "*") == ["doc_a:1:0"]

    def test_a_result_may_be_left_in_the_middle(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", *["Hund"] * 1000))
        hits = store.search("Hund", top_k=1000)
        next(hits)
        del hits

        store.apply("doc_a", 2, sections_of("doc_a", "Vogel", version=2))
        assert found(store, "*") == ["doc_a:2:0"]

    def test_a_long_result_streams_to_its_end(self, store: SearchStore) -> None:
        for number in range(5):
            store.apply(f"doc_{number}", 1, sections_of(f"doc_{number}", *["Hund und Katze"] * 700))

        assert len(found(store, "Hund", top_k=100_000)) == 3500

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(query=st.text(alphabet=st.characters(), max_size=40))
    def test_no_query_is_ever_an_error(self, store: SearchStore, query: str) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "Hund AND OR NOT NEAR body", "a b c"))

        list(store.search(query, top_k=3))

    @pytest.mark.parametrize(
        "query",
        ['"', "'", 'Hund"', "NEAR(", "body:Hund", "Hu*", "^Hund", "a AND", "-x", "(", "{a b}:c", "\x00Hund", ""],
    )
    def test_nothing_in_a_query_is_syntax(self, store: SearchStore, query: str) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "Hund"))

        assert found(store, query) == (["doc_a:1:0"] if "Hund" in query else [])

    def test_a_query_as_long_as_a_book_is_answered(self, store: SearchStore) -> None:
        store.apply("doc_a", 1, sections_of("doc_a", "wort7"))

        assert found(store, " ".join(f"wort{number}" for number in range(20_000))) == ["doc_a:1:0"]
