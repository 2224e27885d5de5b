"""Snippets."""

from hypothesis import given
from hypothesis import strategies as st

from shared.database.uds3.snippets import snippet

FILLER = "Allgemeines steht hier und sagt wenig. " * 30


def test_a_short_text_is_shown_whole_on_one_line() -> None:
    assert snippet("Die Steuer\n  beträgt\n96 Euro.", "Steuer") == "Die Steuer beträgt 96 Euro."


def test_the_window_lies_where_most_words_of_the_query_are() -> None:
    text = (
        FILLER + "Die Hundesteuer beträgt jährlich 96 Euro für den ersten Hund. " + FILLER + "Hunde bellen. " + FILLER
    )

    shown = snippet(text, "Wie hoch ist die jährliche Hundesteuer?")

    assert "Hundesteuer beträgt jährlich 96 Euro" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")


def test_words_count_in_their_other_forms() -> None:
    assert "Verordnungen" in snippet(FILLER + "Die Verordnungen gelten. " + FILLER, "Verordnung")


def test_without_words_it_is_the_beginning() -> None:
    assert snippet("Anfang " + FILLER, "§ 1").startswith("Anfang")


@given(st.text(max_size=600), st.text(max_size=30), st.integers(20, 300))
def test_it_is_never_much_longer_than_asked_and_holds_only_the_text(text: str, query: str, most: int) -> None:
    shown = snippet(text, query, most_chars=most)

    assert len(shown) <= most + 4
    inner = shown.removeprefix("… ").removesuffix(" …")
    assert inner.strip() in " ".join(text.split())
