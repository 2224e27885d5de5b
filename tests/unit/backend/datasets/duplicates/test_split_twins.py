"""Twins of earlier splits are found in full, compared with a plain look at every pair."""

import random
import re
import tempfile
from itertools import product

import pytest

from backend.datasets.duplicates import split_twins
from backend.datasets.duplicates.split_twins import SplitText, SplitTwins

SIMILARITY = 0.75


def a_text(chooser: random.Random, *, words: int = 60) -> str:
    return " ".join(f"wort{chooser.randrange(400)}" for _ in range(words))


def changed(text: str, chooser: random.Random, count: int) -> str:
    words = text.split()
    for _ in range(count):
        words[chooser.randrange(len(words))] = f"neu{chooser.randrange(10**6)}"
    return " ".join(words)


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[place : place + 5]) for place in range(len(words) - 4)}


def jaccard(left: str, right: str) -> float:
    one, other = shingles(left), shingles(right)
    return len(one & other) / len(one | other) if one and other else 0.0


def found(held: list[tuple[int, str]], seen: list[tuple[int, str]]) -> set[int]:
    twins = SplitTwins(tempfile.TemporaryFile, similarity=SIMILARITY)
    assert twins.hold(SplitText(rank, ((text, 2),)) for rank, text in held) == len(held)
    for rank, text in seen:
        twins.see(SplitText(rank, ((text, 2),)))
    numbers = twins.found()
    twins.close()
    return numbers


@pytest.mark.parametrize("block", [1 << 20, 300])
@pytest.mark.parametrize("seed", range(3))
def test_every_pair_is_found_and_no_other(seed: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_twins, "BLOCK_SHINGLES", block)
    chooser = random.Random(seed)
    seen = [(0, a_text(chooser, words=chooser.randrange(5, 120))) for _ in range(60)]
    held = [(1, changed(text, chooser, chooser.randrange(4))) for _, text in seen] + [(2, a_text(chooser))]
    expected = {
        number
        for (number, (_, later)), (_, earlier) in product(enumerate(held), seen)
        if jaccard(later, earlier) >= SIMILARITY
    }

    assert 5 < len(expected) < 60
    assert found(held, seen) == expected


def test_only_a_later_split_has_twins() -> None:
    text = a_text(random.Random(1))

    assert found([(1, text), (2, text)], [(1, text)]) == {1}


def test_a_body_is_a_twin_of_itself_under_another_title() -> None:
    chooser = random.Random(1)
    body = a_text(chooser, words=30)
    twins = SplitTwins(tempfile.TemporaryFile, similarity=SIMILARITY)
    twins.hold([SplitText(1, ((a_text(chooser), 0), (body, 2)))])
    twins.see(SplitText(0, ((a_text(chooser), 0), (body, 2))))

    assert twins.found() == {0}
    twins.close()


def test_texts_that_are_seen_count_once_and_empty_ones_have_no_twin() -> None:
    text = a_text(random.Random(1))
    twins = SplitTwins(tempfile.TemporaryFile, similarity=SIMILARITY)
    twins.hold([SplitText(1, ((text, 2),)), SplitText(1, ())])
    twins.see(SplitText(0, ()))
    twins.see(SplitText(0, ((text, 2),)))

    assert twins.found() == {0}
    assert twins.found() == set()
    twins.close()


def test_a_text_shorter_than_a_shingle_is_a_twin_of_the_same_words_alone() -> None:
    seen = [(0, "Eine Gebühr."), (0, "Ja."), (0, a_text(random.Random(1)))]
    held = [
        (1, text) for text in ("eine  gebühr", "Eine hohe Gebühr.", "Gebühr eine", "Nein.", "ja", "Ja, eine Gebühr.")
    ]

    assert found(held, seen) == {0, 4}


def test_headings_and_body_may_be_a_twin_where_neither_all_nor_the_body_alone_is() -> None:
    chooser = random.Random(1)
    heading, words = a_text(chooser, words=24), a_text(chooser, words=16).split()
    other = [*words[:10], *a_text(chooser, words=6).split()]
    twins = SplitTwins(tempfile.TemporaryFile, similarity=0.6)
    twins.hold([SplitText(1, ((a_text(chooser, words=20), 0), (heading, 1), (" ".join(words), 2)))])
    twins.see(SplitText(0, ((a_text(chooser, words=20), 0), (heading, 1), (" ".join(other), 2))))

    assert twins.found() == {0}
    twins.close()
