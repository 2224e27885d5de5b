"""What the ranked lists must be, one class per list; a store's test takes those of the lists that it answers."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.database.search_store import Question, SearchStore
from shared.models.search import RankedList, SearchFilters
from tests.support.search import a_change, a_law, an_erasure, found, seeds

AMT, GERICHT = "Amt für Ordnung", "o'hara"


class KeywordListContract:
    """For stores that rank by words; with a fixture `store` that is empty."""

    LIST = RankedList.KEYWORD

    def test_any_word_of_the_query_is_enough(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Der Hund bellt", "Die Katze schläft", "Ein Vogel singt")])

        assert set(found(store, self.LIST, "Hund oder Katze")) == {"doc_a:1:0", "doc_a:1:1"}

    def test_the_better_match_comes_first(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Ein Hund", "Hund und Steuer", "Steuer ist kein Tier", "Vogel")])

        hits = list(store.rank(self.LIST, Question("Hund Steuer"), top_k=10))

        assert hits[0].section_id == "doc_a:1:1"
        assert {hit.section_id for hit in hits} == {f"doc_a:1:{n}" for n in range(3)}
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert all(hit.score > 0 and (hit.document_id, hit.version) == ("doc_a", 1) for hit in hits)

    def test_words_are_found_in_their_other_forms(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Die Verordnungen des Landes", "Ein Hund")])

        assert found(store, self.LIST, "Verordnung") == ["doc_a:1:0"]

    def test_a_negation_is_a_word(self, store: SearchStore) -> None:
        store.apply_many(
            [a_change("doc_a", "Die Anlage darf betrieben werden", "Die Anlage darf nicht betrieben werden")]
        )

        assert found(store, self.LIST, "nicht betreiben Anlage darf")[0] == "doc_a:1:1"
        assert found(store, self.LIST, "nicht") == ["doc_a:1:1"]

    def test_sharp_s_is_double_s(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Der Beschluß", "Ein Beschluss", "Hund")])

        assert set(found(store, self.LIST, "beschluß")) == {"doc_a:1:0", "doc_a:1:1"}

    def test_equals_are_ordered_by_section_id(self, store: SearchStore) -> None:
        store.apply_many([a_change(name, "Hund", "Hund") for name in ("doc_c", "doc_a", "doc_b")])

        expected = [f"doc_{name}:1:{ordinal}" for name in "abc" for ordinal in (0, 1)]
        assert found(store, self.LIST, "Hund") == expected

    def test_top_k_limits_the_hits(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", *["Hund"] * 5)])

        assert found(store, self.LIST, "Hund", top_k=2) == ["doc_a:1:0", "doc_a:1:1"]

    def test_replaced_and_erased_documents_are_not_found(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund", "Katze"), a_change("doc_b", "Hund")])
        store.apply_many([a_change("doc_a", "Vogel", version=2), an_erasure("doc_b", version=2)])

        assert found(store, self.LIST, "Hund Katze") == []
        assert found(store, self.LIST, "Vogel") == ["doc_a:2:0"]

    def test_a_result_may_be_left_in_the_middle(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", *["Hund"] * 1000)])
        hits = store.rank(self.LIST, Question("Hund"), top_k=1000)
        next(hits)
        del hits

        store.apply_many([a_change("doc_a", "Vogel", version=2)])
        assert found(store, self.LIST, "Hund Vogel") == ["doc_a:2:0"]

    def test_a_long_result_streams_to_its_end(self, store: SearchStore) -> None:
        store.apply_many([a_change(f"doc_{n}", *["Hund und Katze"] * 700) for n in range(5)])

        assert len(set(found(store, self.LIST, "Hund", top_k=100_000))) == 3500

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(query=st.text(alphabet=st.characters(), max_size=40))
    def test_no_query_is_ever_an_error(self, store: SearchStore, query: str) -> None:
        store.apply_many([a_change("doc_a", "Hund AND OR NOT NEAR body", "a b c")])

        found(store, self.LIST, query, top_k=3)

    @pytest.mark.parametrize(
        "query",
        ['Hund"', "Hund'", "Hund NEAR(", "body:Hund", "^Hund", "Hund AND", "-Hund", "(Hund", "Hund | !", "Hund\x00"],
    )
    def test_nothing_in_a_query_is_syntax(self, store: SearchStore, query: str) -> None:
        store.apply_many([a_change("doc_a", "Hund"), a_change("doc_b", "Katze")])

        assert found(store, self.LIST, query) == ["doc_a:1:0"]

    def test_a_query_as_long_as_a_book_is_answered(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "wort7")])

        assert found(store, self.LIST, " ".join(f"wort{number}" for number in range(20_000))) == ["doc_a:1:0"]

    def test_every_filter_is_applied(self, store: SearchStore) -> None:
        check_filters(store, self.LIST, Question("Gebühren"))


class CompoundListContract:
    """For stores that rank by pieces of long words."""

    LIST = RankedList.COMPOUND

    def test_a_compound_is_found_by_its_parts_and_parts_by_the_compound(self, store: SearchStore) -> None:
        texts = ("Die Fahrerlaubnisverordnung regelt das", "Die Verordnung über die Fahrerlaubnis", "Ein Hund bellt")
        store.apply_many([a_change("doc_a", *texts)])

        assert set(found(store, self.LIST, "Fahrerlaubnisverordnung")) == {"doc_a:1:0", "doc_a:1:1"}
        assert "doc_a:1:0" in found(store, self.LIST, "Fahrerlaubnis")

    def test_every_filter_is_applied(self, store: SearchStore) -> None:
        check_filters(store, self.LIST, Question("Verwaltungsgebühren"))


class CitationListContract:
    """For stores that know exactly what a query cites."""

    LIST = RankedList.CITATION

    def test_a_citation_finds_exactly_its_section(self, store: SearchStore) -> None:
        store.apply_many([a_law("doc_v", "VwVfG", "§ 35", "§ 35a", "§ 36"), a_law("doc_b", "BGB", "§ 35", "§ 35a")])

        assert found(store, self.LIST, "Was regelt § 35a VwVfG?") == ["doc_v:1:1"]
        assert found(store, self.LIST, "§ 35 BGB") == ["doc_b:1:0"]

    def test_a_query_that_cites_nothing_gets_nothing(self, store: SearchStore) -> None:
        store.apply_many([a_law("doc_v", "VwVfG", "§ 35")])

        assert found(store, self.LIST, "Verwaltungsakt VwVfG 35") == []
        assert found(store, self.LIST, "§ 99 VwVfG") == []

    def test_replaced_and_erased_documents_are_not_found(self, store: SearchStore) -> None:
        store.apply_many([a_law("doc_v", "VwVfG", "§ 35"), a_law("doc_b", "BGB", "§ 35")])
        store.apply_many([a_law("doc_v", "VwVfG", "§ 36", version=2), an_erasure("doc_b", version=2)])

        assert found(store, self.LIST, "§ 35 VwVfG und § 35 BGB") == []
        assert found(store, self.LIST, "§ 36 VwVfG") == ["doc_v:2:0"]

    def test_every_filter_is_applied(self, store: SearchStore) -> None:
        check_filters(store, self.LIST, Question("§ 1 GebG, § 2 GebG, § 1 StG und § 2 StG"))


class GraphListContract:
    """For stores that know citations and structure; seeds are given by the caller."""

    LIST = RankedList.GRAPH

    def test_what_a_seed_cites_and_what_cites_it_is_found(self, store: SearchStore) -> None:
        store.apply_many(
            [
                a_law("doc_v", "VwVfG", "§ 1", "§ 35", "§ 36"),
                a_change("doc_x", "Erlass nach § 35 VwVfG", "anderes"),
                a_change("doc_y", "Hund"),
            ]
        )

        around_ruling = found(store, self.LIST, "x", seeds=seeds("doc_x:1:0"))
        around_norm = found(store, self.LIST, "x", seeds=seeds("doc_v:1:1"))

        assert "doc_v:1:1" in around_ruling
        assert "doc_x:1:0" in around_norm
        assert not {hit for hit in around_ruling + around_norm if hit.startswith("doc_y")}

    def test_the_target_may_be_registered_after_what_cites_it(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_x", "Erlass nach § 35 VwVfG")])
        store.apply_many([a_law("doc_v", "VwVfG", "§ 35")])

        assert found(store, self.LIST, "x", seeds=seeds("doc_x:1:0")) == ["doc_v:1:0"]

    def test_a_new_version_takes_its_links_with_it(self, store: SearchStore) -> None:
        store.apply_many([a_law("doc_v", "VwVfG", "§ 35"), a_change("doc_x", "nach § 35 VwVfG")])
        store.apply_many([a_change("doc_x", "nach nichts mehr", version=2)])

        assert found(store, self.LIST, "x", seeds=seeds("doc_v:1:0")) == []
        assert found(store, self.LIST, "x", seeds=seeds("doc_x:2:0")) == []

    def test_neighbours_of_a_seed_are_found(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "eins", "zwei", "drei", "vier", "fünf")])

        assert set(found(store, self.LIST, "x", seeds=seeds("doc_a:1:2"))) >= {"doc_a:1:1", "doc_a:1:3"}

    def test_what_two_seeds_point_to_comes_first(self, store: SearchStore) -> None:
        store.apply_many(
            [
                a_law("doc_v", "VwVfG", "§ 35"),
                a_law("doc_b", "BGB", "§ 1"),
                a_change("doc_x", "nach § 35 VwVfG und § 1 BGB"),
                a_change("doc_y", "nach § 35 VwVfG"),
            ]
        )

        assert found(store, self.LIST, "x", seeds=seeds("doc_x:1:0", "doc_y:1:0"))[0] == "doc_v:1:0"

    def test_without_seeds_or_with_unknown_ones_nothing_is_found(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "eins", "zwei")])

        assert found(store, self.LIST, "eins") == []
        assert found(store, self.LIST, "eins", seeds=seeds("doc_fehlt:1:0", "unsinn", "doc_a:9:0")) == []

    def test_every_filter_is_applied(self, store: SearchStore) -> None:
        fill_for_filters(store)
        everything = tuple(f"doc_{name}:1:{n}" for name in "ab" for n in (0, 1))
        check_filters(store, self.LIST, Question("x", seeds=seeds(*everything)), is_filled=True)


class VectorListContract:
    """For stores that rank by nearness; `a_change` embeds texts by `tests.support.search.vector_of`."""

    LIST = RankedList.VECTOR

    def test_the_nearest_comes_first(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund und Katze", "Hund", "Steuer Bescheid Frist", "Katze")])

        assert found(store, self.LIST, "Hund und Katze")[0] == "doc_a:1:0"
        assert found(store, self.LIST, "Steuer Bescheid Frist", top_k=1) == ["doc_a:1:2"]

    def test_scores_are_cosines_in_falling_order(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund", "Hund Katze", "Maus")])

        hits = list(store.rank(self.LIST, Question("Hund", vector=_vector("Hund")), top_k=10))

        assert hits[0].score == pytest.approx(1.0, abs=1e-2)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

    def test_replaced_and_erased_documents_are_not_found(self, store: SearchStore) -> None:
        store.apply_many([a_change("doc_a", "Hund", "Katze"), a_change("doc_b", "Hund")])
        store.apply_many([a_change("doc_a", "Vogel", version=2), an_erasure("doc_b", version=2)])

        assert set(found(store, self.LIST, "Hund")) <= {"doc_a:2:0"}

    def test_every_filter_is_applied(self, store: SearchStore) -> None:
        check_filters(store, self.LIST, Question("Gebühren", vector=_vector("Gebühren")))


def fill_for_filters(store: SearchStore) -> None:
    """Two documents of two sections that differ in everything a filter can ask for."""
    text = "Verwaltungsgebühren und Gebühren"
    store.apply_many(
        [
            a_law(
                "doc_a",
                "GebG",
                "§ 1",
                "§ 2",
                text=text,
                source=AMT,
                media_type="text/markdown",
                ingested_at=datetime(2026, 1, 1, tzinfo=UTC),
                valid=[(None, date(2020, 12, 31)), (date(2021, 1, 1), None)],
            ),
            a_law(
                "doc_b",
                "StG",
                "§ 1",
                "§ 2",
                text=text,
                source=GERICHT,
                media_type="text/html",
                ingested_at=datetime(2026, 2, 1, tzinfo=UTC),
            ),
        ]
    )


def check_filters(store: SearchStore, wanted: RankedList, question: Question, *, is_filled: bool = False) -> None:
    """Every filter alone, some together, and one that lets nothing through."""
    if not is_filled:
        fill_for_filters(store)
    a, b = {"doc_a:1:0", "doc_a:1:1"}, {"doc_b:1:0", "doc_b:1:1"}
    february = datetime(2026, 2, 1, tzinfo=UTC)
    expected: list[tuple[SearchFilters, set[str]]] = [
        (SearchFilters(), a | b),
        (SearchFilters(source=(AMT,)), a),
        (SearchFilters(source=(GERICHT, "fehlt")), b),
        (SearchFilters(source=("fehlt",)), set()),
        (SearchFilters(media_type=("text/html",)), b),
        (SearchFilters(abbreviation=("GebG",)), a),
        (SearchFilters(document_id=("doc_b", "doc_'; --")), b),
        (SearchFilters(ingested_from=february), b),
        (SearchFilters(ingested_until=february), a),
        (SearchFilters(valid_on=date(2020, 12, 31)), {"doc_a:1:0"} | b),
        (SearchFilters(valid_on=date(2021, 1, 1)), {"doc_a:1:1"} | b),
        (SearchFilters(source=(AMT,), valid_on=date(2022, 1, 1)), {"doc_a:1:1"}),
        (SearchFilters(source=(AMT,), media_type=("text/html",)), set()),
    ]
    for filters, sections in expected:
        asked = Question(question.text, filters, question.vector, question.seeds)
        assert {hit.section_id for hit in store.rank(wanted, asked, top_k=100)} == sections, filters


def _vector(text: str) -> "object":
    from tests.support.search import vector_of

    return vector_of(text)
