"""Which found sections repeat another one, by their names on every installation."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from backend.datasets.records.candidates import Candidate
from backend.datasets.records.repetitions import Repetition, RepetitionFinder
from shared.models.dataset import Deduplication, Split
from tests.support.legal_texts import GOOD, a_candidate, candidates

NEAR = GOOD.replace("unbillig", "sehr unbillig")


def _found() -> list[Candidate]:
    return [
        *candidates(3),
        a_candidate(GOOD, document="d1", path="a.md", ordinal=4),
        a_candidate(GOOD.replace("\n", " "), document="d2", path="b.md", ordinal=1_000_001),
        a_candidate(NEAR, document="d3", path="c.md"),
    ]


def repetitions(
    found: Iterable[Candidate],
    *,
    mode: Deduplication,
    scratch: Path,
    split_of: Callable[[str], Split] = lambda _: Split.TRAIN,
) -> Iterator[Repetition]:
    with RepetitionFinder(split_of, mode=mode, scratch=scratch) as finder:
        finder.add_all(found)
        yield from finder.found()


def _place(found: list[Candidate], document: str) -> tuple[str, int]:
    candidate = next(each for each in found if each.stored.document_id == document)
    return candidate.document_key, candidate.section.ordinal


def test_equal_and_similar_sections_are_told_apart(tmp_path: Path) -> None:
    found = _found()
    (repetition,) = repetitions(found, mode=Deduplication.NEAR, scratch=tmp_path)
    one, other, near = (_place(found, document) for document in ("d1", "d2", "d3"))

    # the longest stands for the others
    assert repetition == Repetition(near, exact=(), near=tuple(sorted((one, other))))
    assert repetition.size == 3


def test_only_equal_ones_count_if_that_is_asked_for(tmp_path: Path) -> None:
    found = _found()
    (repetition,) = repetitions(found, mode=Deduplication.EXACT, scratch=tmp_path)

    assert {repetition.kept, *repetition.exact} == {_place(found, "d1"), _place(found, "d2")}
    assert repetition.near == ()


def test_what_people_trained_on_never_makes_room_for_what_is_held_out(tmp_path: Path) -> None:
    found = _found()
    splits = {"a.md": Split.VALIDATION, "b.md": Split.TRAIN, "c.md": Split.TEST}

    def kept_with(splits: dict[str, Split]) -> tuple[str, int]:
        (repetition,) = repetitions(
            found,
            mode=Deduplication.NEAR,
            scratch=tmp_path,
            split_of=lambda path: splits.get(path, Split.TRAIN),
        )
        return repetition.kept

    assert kept_with(splits) == _place(found, "d2")
    assert kept_with({**splits, "b.md": Split.TEST}) == _place(found, "d1")


@pytest.mark.parametrize("mode", list(Deduplication))
def test_the_order_of_the_sections_means_nothing(tmp_path: Path, mode: Deduplication) -> None:
    found = _found()

    assert list(repetitions(found, mode=mode, scratch=tmp_path)) == list(
        repetitions(found[::-1], mode=mode, scratch=tmp_path)
    )
    assert list(tmp_path.iterdir()) == []


def test_off_reads_nothing(tmp_path: Path) -> None:
    found = iter(_found())

    assert list(repetitions(found, mode=Deduplication.OFF, scratch=tmp_path)) == []
    assert next(found).stored.document_id == "doc_0"
