from collections.abc import Iterator
from itertools import product

import psycopg
import pytest

from shared.database.adapters.postgres import PostgresSearchStore
from shared.database.adapters.postgres.ranking import LOOKED_AT_AGAIN
from shared.database.search_store import Question, SearchStore
from shared.models.document import Section
from shared.models.search import RankedList
from tests.contracts.ranked_list_contracts import CitationListContract, CompoundListContract, KeywordListContract
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.search import a_change, a_document, an_erasure, change_of, found

pytestmark = pytest.mark.postgres


@pytest.fixture
def unbuilt_store(admin_url: str, new_schema: str) -> Iterator[PostgresSearchStore]:
    made = PostgresSearchStore(admin_url, schema=new_schema)
    yield made
    made.close()


@pytest.fixture
def store(unbuilt_store: PostgresSearchStore) -> PostgresSearchStore:
    unbuilt_store.rebuild([])
    return unbuilt_store


class TestPostgresSearchStore(SearchStoreContract):
    pass


class TestKeywordList(KeywordListContract):
    pass


class TestCompoundList(CompoundListContract):
    pass


class TestCitationList(CitationListContract):
    pass


def test_a_word_as_it_is_written_comes_before_its_relatives(store: SearchStore) -> None:
    store.apply_many([a_change("doc_a", "Er muss fördern", "Er muss fordern")])

    assert found(store, RankedList.KEYWORD, "fordern") == ["doc_a:1:1", "doc_a:1:0"]
    assert found(store, RankedList.KEYWORD, "fördern") == ["doc_a:1:0", "doc_a:1:1"]


def test_a_number_with_its_year_is_worth_more_than_both_apart(store: SearchStore) -> None:
    store.apply_many([a_change("doc_a", "2363 Seiten, Blatt 20", "Urteil 4 A 2363/20", "Blatt 20 und/oder 2363")])

    assert found(store, RankedList.KEYWORD, "4 A 2363/20")[0] == "doc_a:1:1"
    assert found(store, RankedList.KEYWORD, "oder") == ["doc_a:1:2"]


def test_a_word_in_the_heading_counts_more(store: SearchStore) -> None:
    sections = [
        Section(0, "Steuer", "Allgemeines über die Katze", 0, 1),
        Section(1, "Allgemeines", "Katze und Steuer", 0, 1),
    ]
    store.apply_many([change_of(a_document("doc_a", 2), sections[::-1]), change_of(a_document("doc_b", 2), sections)])

    assert {hit[4] for hit in found(store, RankedList.KEYWORD, "Steuer", top_k=2)} == {"a", "b"}
    assert [hit[-1] for hit in found(store, RankedList.KEYWORD, "Steuer")] == ["0", "0", "1", "1"]


def test_a_long_list_begins_like_a_short_one(store: SearchStore) -> None:
    store.apply_many([a_change(f"doc_{n}", *(f"Hund {'Katze ' * (s % 7)}{s}" for s in range(300))) for n in range(2)])

    short = found(store, RankedList.KEYWORD, "Hund Katze", top_k=250)
    assert found(store, RankedList.KEYWORD, "Hund Katze", top_k=100_000)[:250] == short
    assert found(store, RankedList.KEYWORD, "Hund Katze", top_k=10) == short[:10]


def test_sections_of_many_blocks_are_found_and_replaced(
    store: PostgresSearchStore, admin_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("schema.BLOCK", "writing.BLOCK", "writing.SECTIONS_AT_ONCE"):
        monkeypatch.setattr(f"shared.database.adapters.postgres.{name}", 16)
    store = PostgresSearchStore(admin_url, schema=store._schema)
    store.apply_many([a_change("doc_a", *(f"Hund w{n}" for n in range(50)))])
    assert found(store, RankedList.KEYWORD, "w49 w15 w16") == [f"doc_a:1:{n}" for n in (15, 16, 49)]

    store.apply_many([a_change("doc_b", "Hund w16"), a_change("doc_a", "Maus", version=2)])

    assert found(store, RankedList.KEYWORD, "Hund Maus w16 w7") == ["doc_b:1:0", "doc_a:2:0"]
    store.close()


def test_of_an_erased_document_no_word_is_left(store: PostgresSearchStore, admin_url: str, new_schema: str) -> None:
    store.apply_many([a_change("doc_a", "Geheimniskrämer Hund"), a_change("doc_b", "Hund")])
    store.apply_many([an_erasure("doc_a", version=2)])

    with psycopg.connect(admin_url) as connection:
        for table in ("postings", "lexemes", "vectors", "sections", "documents"):
            rows = connection.execute(f'SELECT t::text FROM "{new_schema}".{table} t').fetchall()
            assert rows
            assert not [row for row in rows if "geheim" in row[0].lower()]


def test_the_rest_of_the_database_is_left_alone(admin_url: str, new_schema: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute("CREATE TABLE documents (document_id text); INSERT INTO documents VALUES ('doc_x')")
        connection.commit()
        store = PostgresSearchStore(admin_url, schema=new_schema)
        store.rebuild([a_change("doc_a", "Hund")])
        store.rebuild([a_change("doc_a", "Hund")])
        store.close()

        assert connection.execute("SELECT * FROM public.documents").fetchall() == [("doc_x",)]
        left = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE %s", (new_schema + "%",))
        assert left.fetchall() == [(new_schema,)]
        connection.execute("DROP TABLE public.documents")


def test_no_text_is_too_long_whatever_its_words_are(store: SearchStore) -> None:
    words = ["".join(four) for four in product("abcdefghijklmnopqrst", repeat=4)]  # all different, 800 kB
    text = " ".join(words)
    store.apply_many([a_change("doc_a", text)])

    assert found(store, RankedList.KEYWORD, words[7]) == ["doc_a:1:0"]
    assert found(store, RankedList.KEYWORD, text) == ["doc_a:1:0"]


def test_two_stores_in_one_database_do_not_meet(admin_url: str, new_schema: str) -> None:
    one, other = (PostgresSearchStore(admin_url, schema=new_schema + suffix) for suffix in ("a", '"b'))
    one.rebuild([a_change("doc_a", "Hund")])
    other.rebuild([a_change("doc_b", "Hund")])

    assert found(one, RankedList.KEYWORD, "Hund") == ["doc_a:1:0"]
    assert found(other, RankedList.KEYWORD, "Hund") == ["doc_b:1:0"]
    one.close()
    other.close()


def test_a_store_of_another_release_is_not_built(store: PostgresSearchStore, admin_url: str, new_schema: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute(f'UPDATE "{new_schema}".state SET version = version + 1')

    assert "another release" in store.check()


def test_compounds_are_found_without_trigrams_too(store: PostgresSearchStore, admin_url: str, new_schema: str) -> None:
    store.apply_many([a_change("doc_a", "Die Fahrerlaubnisverordnung", "Verordnung über die Fahrerlaubnis", "Hund")])
    with psycopg.connect(admin_url) as connection:
        connection.execute(f'DROP INDEX "{new_schema}".lexemes_by_trigram')

    assert set(found(store, RankedList.COMPOUND, "Fahrerlaubnisverordnung")) == {"doc_a:1:0", "doc_a:1:1"}
    assert "doc_a:1:0" in found(store, RankedList.COMPOUND, "Fahrerlaubnis")


def test_scores_of_equal_sections_are_equal(store: PostgresSearchStore) -> None:
    texts = ["Hund und Katze nach der Verordnung"] * 30
    store.apply_many([a_change(f"doc_{n}", *texts) for n in range(10)])

    hits = store.rank(RankedList.KEYWORD, Question("Katze, Hund, Verordnung der"), top_k=300)
    assert len({hit.score for hit in list(hits)[:LOOKED_AT_AGAIN]}) == 1


def test_each_section_keeps_its_own_impact_whatever_is_written_or_removed(store: PostgresSearchStore) -> None:
    texts = [f"Hund {'Katze ' * (n * 7 % 11)}" for n in range(11)]
    expected = [f"doc_b:1:{n}" for n in sorted(range(11), key=lambda n: n * 7 % 11)]  # the shorter, the better
    store.apply_many([a_change("doc_a", *texts[::-1]), a_change("doc_b", *texts)])
    store.apply_many([a_change("doc_c", *texts), an_erasure("doc_a", version=2)])
    store.apply_many([an_erasure("doc_c", version=2)])

    assert found(store, RankedList.KEYWORD, "Hund") == expected


def test_what_was_taken_out_by_hand_is_seen_and_put_back(
    store: PostgresSearchStore, admin_url: str, new_schema: str
) -> None:
    changes = [a_change("doc_a", "Hund", "Katze"), a_change("doc_b", "Maus")]
    store.apply_many(changes)
    for table in ("vectors", "sections"):
        with psycopg.connect(admin_url) as connection:
            connection.execute(
                f'DELETE FROM "{new_schema}".{table} WHERE section = (SELECT min(section) FROM "{new_schema}".sections'
                " WHERE section_id LIKE 'doc_a%')"
            )
        assert [held.section_count for held in store.held()] == [1, 1]

        assert store.apply_many(changes) == 1

        assert [held.section_count for held in store.held()] == [2, 1]
        assert set(found(store, RankedList.KEYWORD, "Hund Katze Maus")) == {"doc_a:1:0", "doc_a:1:1", "doc_b:1:0"}
