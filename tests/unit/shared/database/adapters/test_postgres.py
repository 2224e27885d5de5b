import re
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.database.adapters.postgres import PostgresSearchStore
from shared.database.adapters.postgres.errors import failed
from shared.database.adapters.postgres.ranking import (
    MOST_POSTINGS,
    UNIT,
    KnownLexeme,
    chosen,
    conditions,
    exact_spellings,
    idf,
    storable,
)
from shared.database.adapters.postgres.schema import configuration, quoted
from shared.database.adapters.postgres.words import indexed_words
from shared.database.adapters.postgres.writing import SECTIONS_AT_ONCE, Known, batches
from shared.models.search import SearchFilters
from tests.support.search import a_change, an_erasure


def test_words_are_cut_where_a_reader_would_cut_them() -> None:
    assert indexed_words("Und/oder: § 35a VwVfG (Straße)") == ["und", "oder", "35a", "vwvfg", "strasse"]
    assert indexed_words("4 A 2363/20") == ["4", "a", "2363ǂ20", "2363", "20"]
    assert indexed_words("Über\x00drüber_hinaus\udcff") == ["über", "drüber", "hinaus"]


@given(st.text(alphabet=st.characters()))
def test_nothing_in_a_query_is_syntax(query: str) -> None:
    words = indexed_words(query)
    tsquery, _ = exact_spellings(words)

    assert all(re.fullmatch(r"[^\W_]+(?:ǂ[0-9]+)*", word) for word in words)
    assert tsquery == "" or re.fullmatch(r"'[^\W_]+'(?: \| '[^\W_]+')*", tsquery)


@given(st.text(alphabet=st.characters()))
def test_every_text_can_be_stored(text: str) -> None:
    assert b"\x00" not in storable(text).encode("utf-8")


@given(st.text(min_size=1))
def test_a_name_ends_where_its_quotes_end(name: str) -> None:
    assert re.fullmatch(r'"(?:[^"\x00]|"")*"', quoted(name))
    assert re.fullmatch(r"'(?:[^'\x00]|'')*'::regconfig", configuration(name))


def test_rare_lexemes_are_read_first_and_common_ones_only_while_there_is_room() -> None:
    known = [
        KnownLexeme("der", MOST_POSTINGS * 2),
        KnownLexeme("gebuhr", 900),
        KnownLexeme("hund", 20),
        KnownLexeme("land", MOST_POSTINGS - 10_000),
    ]

    worths = chosen(known, section_count=1_000_000, depth=100)

    assert list(worths) == ["hund", "gebuhr", "land"]
    assert list(worths.values()) == sorted(worths.values(), reverse=True)
    assert "der" in chosen(known, section_count=1_000_000, depth=2 * MOST_POSTINGS)


def test_a_lexeme_that_tells_little_is_read_only_where_few_others_are() -> None:
    assert "der" in chosen([KnownLexeme("hund", 20), KnownLexeme("der", 900)], section_count=1000, depth=100)
    assert "der" not in chosen([KnownLexeme("hund", 20), KnownLexeme("der", 9000)], section_count=10_000, depth=100)


def test_a_lexeme_that_is_asked_for_alone_is_always_read() -> None:
    assert chosen([KnownLexeme("der", 10**7)], section_count=10**7, depth=10) == {"der": 1}
    assert chosen([], section_count=0, depth=10) == {}


def test_a_piece_of_a_word_is_worth_its_share() -> None:
    whole = chosen([KnownLexeme("hund", 20)], section_count=1000, depth=1)["hund"]

    assert chosen([KnownLexeme("hund", 20, 0.5)], section_count=1000, depth=1)["hund"] == round(whole / 2)


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_every_lexeme_tells_something(held: int, more: int) -> None:
    assert idf(held, held + more) > 0
    assert round(idf(held, held + more) * UNIT) < 2**31 / (3 * UNIT)


def test_filters_become_conditions_and_their_values_parameters() -> None:
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    filters = SearchFilters(source=("o'hara", "x\x00"), valid_on=date(2026, 1, 1), ingested_until=moment)

    clause, values = conditions(filters, section="s", document="d")

    assert clause == (
        " AND d.source = ANY (%(source)s::text[])"
        " AND (s.valid_from IS NULL OR s.valid_from <= %(valid_on)s)"
        " AND (s.valid_to IS NULL OR %(valid_on)s <= s.valid_to)"
        " AND d.ingested_at < %(ingested_until)s"
    )
    assert values == {"source": ["o'hara", "x\ufffd"], "valid_on": date(2026, 1, 1), "ingested_until": moment}
    assert conditions(SearchFilters(), section="s", document="d") == ("", {})


def test_a_change_is_news_if_it_is_newer_or_says_something_else() -> None:
    held = Known(1, version=2, sha256="sha-doc_a-2", is_erased=False, section_count=1)
    erased = Known(1, version=2, sha256="", is_erased=True, section_count=0)

    assert not held.is_older_than(a_change("doc_a", "x", version=2))
    assert not held.is_older_than(a_change("doc_a", "x", "y", version=1))
    assert held.is_older_than(a_change("doc_a", "x", "y", version=2))
    assert held.is_older_than(a_change("doc_a", "x", version=2, sha256="other"))
    assert held.is_older_than(a_change("doc_a", version=3))
    assert held.is_older_than(an_erasure("doc_a", version=2))
    assert not erased.is_older_than(a_change("doc_a", "x", version=2))
    assert not erased.is_older_than(an_erasure("doc_a", version=2))
    assert erased.is_older_than(a_change("doc_a", "x", version=3))


def test_batches_end_after_the_document_that_fills_them() -> None:
    half = ["x"] * (SECTIONS_AT_ONCE // 2)
    changes = [a_change("a", *half), a_change("b", *half), a_change("c"), a_change("d", "y" * 4_000_000), a_change("e")]

    sizes = [[change.document_id for change in batch] for batch in batches(changes)]

    assert sizes == [["a", "b"], ["c", "d"], ["e"]]


def test_an_error_has_the_first_line_of_the_reason_only() -> None:
    error = failed("postgres", "rank sections", ValueError("it broke.\nDETAIL: Geheimnis"))

    assert error.message.startswith("PostgreSQL ('postgres') was asked to rank sections and did not: it broke; check")
    assert "Geheimnis" not in error.message


def test_a_store_connects_to_nothing_before_it_is_asked() -> None:
    PostgresSearchStore("this is no address").close()
