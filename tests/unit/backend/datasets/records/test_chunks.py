"""Token limits: exact spans, nothing left out, overlap as asked, cut where the author paused."""

import itertools
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.datasets.quality.normalise import normalise
from backend.datasets.records.chunks import TokenLimit
from backend.datasets.records.passages import passages
from backend.datasets.tokens import UnicodeWordCounter
from backend.datasets.trained_tokens import TrainedCounter
from tests.support.chat_tokenizers import KINDS, tokenizer_file
from tests.support.legal_texts import GOOD, a_candidate

WORDS = UnicodeWordCounter()
PROSE = "\n\n".join([GOOD] * 4)
PIECES = (
    ("Frist", "Die Behörde", "entscheidet.", "nach § 5 Abs. 2", "Übermaß!", "12,50 EUR", "x" * 60, "Ge-\nbühr"),
    ("\n", "\n\n", "(2) ", "1. ", "a) ", "; ", "\t", " ", "\u00ad"),
)
TEXTS = st.lists(st.sampled_from([piece for pieces in PIECES for piece in pieces]), max_size=80).map(" ".join)


@given(text=TEXTS, most=st.integers(4, 60), share=st.floats(0, 0.5))
def test_spans_hold_everything_fit_and_overlap_no_more_than_asked(text: str, most: int, share: float) -> None:
    assume(text.strip())
    limit = TokenLimit(WORDS, most, int(most * share))
    spans = limit.cut(text)

    covered = set().union(*(range(start, end) for start, end in spans)) if spans else set()
    assert {at for at, sign in enumerate(text) if not sign.isspace()} <= covered
    assert all(start < end and limit.size(text[start:end]) <= most for start, end in spans)
    for (first_start, first_end), (start, end) in itertools.pairwise(spans):
        assert first_start < start
        assert first_end < end
        if start < first_end:
            assert 0 < limit.size(text[start:first_end]) <= limit.overlap


@pytest.mark.parametrize("overlap", [0, 20, 60])
def test_the_record_of_a_span_is_the_text_of_the_span(overlap: int) -> None:
    section = a_candidate(PROSE)
    document = "x" * section.section.start + PROSE
    found = list(passages([section], limit=TokenLimit(WORDS, 120, overlap)))

    assert len(found) > 2
    assert [each.part for each in found] == list(range(1, len(found) + 1))
    for passage in found:
        ((_, body),) = passage.bodies
        assert document[passage.start : passage.end] == body
        assert WORDS.count(normalise(body)) <= 120
    for before, after in itertools.pairwise(found):
        shared = WORDS.count(normalise(document[after.start : before.end]))
        assert shared == 0 if overlap == 0 else 0 < shared <= overlap


def test_cuts_lie_between_paragraphs_where_these_are_short_enough() -> None:
    pieces = [PROSE[start:end] for start, end in TokenLimit(WORDS, 90).cut(PROSE)]

    assert all(piece.startswith("(") and piece.endswith((".", "besteht.")) for piece in pieces)


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = " ".join(f"Die Behörde Nummer {number} entscheidet über den Antrag." for number in range(40))
    pieces = [text[start:end] for start, end in TokenLimit(WORDS, 50).cut(text)]

    assert all(piece.startswith("Die Behörde") and piece.endswith("Antrag.") for piece in pieces)


def test_an_overlap_begins_with_a_sentence() -> None:
    text = " ".join(f"Die Behörde Nummer {number} entscheidet über den Antrag." for number in range(40))
    limit = TokenLimit(WORDS, 60, 20)
    spans = limit.cut(text)

    for (_, end), (start, _) in itertools.pairwise(spans):
        assert text[start:end].startswith("Die Behörde")
        assert 9 < limit.size(text[start:end]) <= 20


def test_a_sentence_longer_than_the_overlap_is_overlapped_by_words() -> None:
    text = " ".join(f"wort{number}" for number in range(200))
    limit = TokenLimit(WORDS, 40, 10)
    spans = limit.cut(text)

    assert [limit.size(text[start:end]) for (_, end), (start, _) in itertools.pairwise(spans)] == [10] * (
        len(spans) - 1
    )
    assert {text[start - 1] for start, _ in spans[1:]} == {" "}


def test_a_word_that_is_too_long_is_cut_inside() -> None:
    class Letters:
        name = "letters"

        def count(self, text: str) -> int:
            return len(text)

    spans = TokenLimit(Letters(), 10).cut("x" * 35)

    assert "".join("x" * (end - start) for start, end in spans) == "x" * 35
    assert all(end - start <= 10 for start, end in spans)


def test_pieces_are_of_about_equal_size() -> None:
    text = " ".join(f"Die Behörde Nummer {number} entscheidet." for number in range(41))
    limit = TokenLimit(WORDS, 50)
    sizes = [limit.size(text[start:end]) for start, end in limit.cut(text)]

    assert min(sizes) > 0.6 * max(sizes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("most", "overlap"), [(64, 0), (64, 16), (200, 100)])
def test_a_trained_tokenizer_is_never_exceeded_though_its_tokens_depend_on_what_is_beside_them(
    kind: str, most: int, overlap: int, tmp_path: Path
) -> None:
    limit = TokenLimit(TrainedCounter(kind, tokenizer_file(tmp_path, kind)), most, overlap)
    spans = limit.cut(PROSE)

    covered = set().union(*(range(start, end) for start, end in spans))
    assert {at for at, sign in enumerate(PROSE) if not sign.isspace()} <= covered
    assert all(limit.size(PROSE[start:end]) <= most for start, end in spans)
    shared = [limit.size(PROSE[start:end]) for (_, end), (start, _) in itertools.pairwise(spans)]
    assert all(0 < size <= overlap for size in shared) if overlap else set(shared) == {0}
