"""Short sections are merged with neighbours, long ones are cut where the author paused."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.records.passages import CharacterLimit, cut_spans, passages
from tests.support.legal_texts import GOOD, a_candidate

LIMIT = CharacterLimit(4000)
SHORT = "Die Satzung tritt morgen in Kraft."


def test_a_section_of_the_right_size_is_a_passage() -> None:
    (passage,) = passages([a_candidate()], limit=LIMIT)

    assert (passage.part, passage.parts) == (1, 1)
    assert [text for _, text in passage.bodies] == [GOOD]
    assert (passage.start, passage.end) == (10, 10 + len(GOOD))


def test_a_short_section_is_merged_with_its_neighbour() -> None:
    found = list(
        passages(
            [a_candidate(SHORT, ordinal=0, words=6), a_candidate(GOOD, ordinal=1), a_candidate(GOOD, ordinal=2)],
            limit=LIMIT,
        )
    )

    assert [[each.section.ordinal for each in passage.candidates] for passage in found] == [[0, 1], [2]]


def test_a_short_last_section_joins_the_one_before() -> None:
    (passage,) = passages([a_candidate(GOOD, ordinal=4), a_candidate(SHORT, ordinal=5, words=6)], limit=LIMIT)

    assert passage.end == passage.candidates[-1].section.end


def test_short_sections_of_different_documents_stay_apart() -> None:
    found = list(
        passages(
            [
                a_candidate(SHORT, document="doc_1", ordinal=0, words=6),
                a_candidate(SHORT, document="doc_2", ordinal=1, words=6),
            ],
            limit=LIMIT,
        )
    )

    assert len(found) == 2


def test_sections_between_which_one_is_missing_stay_apart() -> None:
    found = list(
        passages([a_candidate(SHORT, ordinal=0, words=6), a_candidate(SHORT, ordinal=2, words=6)], limit=LIMIT)
    )

    assert len(found) == 2


def test_merging_never_passes_the_limit() -> None:
    found = list(
        passages(
            [a_candidate(SHORT, ordinal=0, words=6), a_candidate(GOOD, ordinal=1)], limit=CharacterLimit(len(GOOD))
        )
    )

    assert len(found) == 2


def test_a_long_section_is_cut_between_paragraphs_with_exact_spans() -> None:
    text = "\n\n".join([GOOD] * 6)
    section = a_candidate(text)
    found = list(passages([section], limit=CharacterLimit(1500)))

    assert [passage.parts for passage in found] == [len(found)] * len(found)
    assert [passage.part for passage in found] == list(range(1, len(found) + 1))
    for passage in found:
        ((_, body),) = passage.bodies
        assert len(body) <= 1500
        assert text[passage.start - 10 : passage.end - 10] == body
        assert body.startswith("(")


def test_pieces_are_of_about_equal_size() -> None:
    text = "\n\n".join(f"Absatz {number} " + "wort " * 20 for number in range(50))
    sizes = [end - start for start, end in cut_spans(text, 1000)]

    assert min(sizes) > 500


def test_text_without_any_pause_is_cut_hard() -> None:
    assert cut_spans("x" * 25, 10) == [(0, 10), (10, 20), (20, 25)]


@given(st.text(alphabet="abc .\n", max_size=600), st.integers(5, 80))
def test_pieces_hold_everything_but_the_white_space_between_them(text: str, limit: int) -> None:
    spans = cut_spans(text, limit)

    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(0 < end - start <= limit for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
