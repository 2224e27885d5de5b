"""Reciprocal rank fusion."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.search_store import RankedSection
from shared.database.uds3.fusion import LIST_WEIGHTS, RRF_K, WINDOW, Ranking, fuse, seeds_of
from shared.errors import Unavailable
from shared.models.document import Section, StoredSection
from shared.models.search import RankedList

K, V, G = RankedList.KEYWORD, RankedList.VECTOR, RankedList.GRAPH
EQUAL = dict.fromkeys(RankedList, 1.0)


def ranked(*names: str) -> list[RankedSection]:
    """Sections in this order."""
    return [RankedSection(f"{name}:1:0", name, 1, 1.0 / (place + 1)) for place, name in enumerate(names)]


def ranking(of: RankedList, *names: str, store: str = "s") -> Ranking:
    """A list of these sections."""
    return Ranking(of, store, ranked(*names))


def names(rankings: list[Ranking], top_k: int = 100, weights: dict[RankedList, float] = EQUAL) -> str:
    """First letters of the fused list."""
    return "".join(hit.document_id for hit in fuse(rankings, top_k=top_k, weights=weights))


def test_what_two_lists_have_comes_before_what_one_has() -> None:
    assert names([ranking(K, "a", "b"), ranking(V, "c", "b")]) == "bac"


def test_scores_are_sums_of_weight_over_sixty_plus_rank() -> None:
    (hit, *_) = fuse([ranking(K, "a"), ranking(V, "b", "a")], top_k=9, weights={**EQUAL, V: 0.5})

    assert hit.score == pytest.approx(1 / (RRF_K + 1) + 0.5 / (RRF_K + 2))
    assert (hit.rank, hit.places["keyword"].rank, hit.places["vector"].rank) == (1, 1, 2)
    assert (hit.places["vector"].score, hit.places["vector"].store) == (0.5, "s")


def test_equals_are_ordered_by_section_id() -> None:
    assert names([ranking(K, "b"), ranking(V, "a")]) == "ab"


def test_a_weight_of_nothing_takes_a_list_out_of_the_order() -> None:
    assert names([ranking(K, "a", "b"), ranking(V, "b")], weights={**EQUAL, V: 0.0}) == "ab"


def test_a_citation_comes_before_everything_else() -> None:
    rankings = [ranking(of, "b", "a") for of in RankedList if of is not RankedList.CITATION]

    assert names([*rankings, ranking(RankedList.CITATION, "c")], weights=dict(LIST_WEIGHTS))[0] == "c"


def test_the_name_that_was_cited_comes_before_a_similar_one_whatever_else_says() -> None:
    cited = Ranking(RankedList.CITATION, "s", [replace(ranked("x")[0], score=2.0), RankedSection("y:1:0", "y", 1, 1.0)])
    others = [ranking(of, "y", "z", "x") for of in RankedList if of is not RankedList.CITATION]

    assert names([cited, *others], weights=dict(LIST_WEIGHTS)).startswith("xy")


def test_equally_cited_sections_are_ordered_by_the_other_lists() -> None:
    cited = Ranking(RankedList.CITATION, "s", [RankedSection(f"{name}:1:0", name, 1, 2.0) for name in "abc"])

    assert names([cited, ranking(K, "c", "b")], weights=dict(LIST_WEIGHTS)) == "cba"


def test_no_more_than_top_k_and_nothing_from_nothing() -> None:
    assert names([ranking(K, "a", "b", "c")], top_k=2) == "ab"
    assert names([]) == names([ranking(K)]) == ""


def test_what_lies_behind_the_window_follows_once_each_without_rising() -> None:
    head = ranked(*(f"h{n:05}" for n in range(WINDOW)))
    tail = ranked("h00001", "t1", "t2", "t1")

    hits = list(fuse([Ranking(K, "s", head, iter(tail)), ranking(V, "v")], top_k=10_000, weights=EQUAL))

    assert [hit.document_id for hit in hits[-2:]] == ["t1", "t2"]
    assert len(hits) == WINDOW + 3
    assert [hit.rank for hit in hits] == list(range(1, WINDOW + 4))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_tail_is_only_drawn_as_far_as_it_is_read() -> None:
    def endless() -> Iterator[RankedSection]:
        yield from ranked("b", "c")
        raise Unavailable("connection lost")

    hits = fuse([Ranking(K, "s", ranked("a"), endless())], top_k=10, weights=EQUAL)

    assert [next(hits).document_id for _ in range(3)] == ["a", "b", "c"]
    with pytest.raises(Unavailable, match="connection lost"):
        next(hits)


def test_seeds_are_the_best_of_ours_with_falling_weights() -> None:
    section = StoredSection("x:1:0", "x", 1, "t", "", "amt", "p", Section(0, "", "text", 0, 4))
    foreign = Ranking(K, "other", [RankedSection("x:1:0", "x", 1, 9.0, section)])

    seeds = seeds_of([foreign, ranking(K, "a", "b", "c"), ranking(V, "b")], limit=2, weights=EQUAL)

    assert [seed.section_id for seed in seeds] == ["b:1:0", "a:1:0"]
    assert seeds[0].weight == 1.0 > seeds[1].weight > 0
    assert seeds_of([], limit=5) == ()


@given(
    st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), max_size=5),
    st.integers(1, 40),
    st.randoms(use_true_random=False),
)
def test_every_section_comes_once_whatever_the_order_of_the_lists(
    lists: list[list[int]], top_k: int, random: "object"
) -> None:
    rankings = [ranking(of, *(f"{n:02}" for n in each)) for of, each in zip(RankedList, lists, strict=False)]
    fused = [hit.document_id for hit in fuse(rankings, top_k=100, weights=EQUAL)]
    random.shuffle(rankings)  # type: ignore[attr-defined]  # Hypothesis gives a Random

    assert sorted(fused) == sorted({f"{n:02}" for each in lists for n in each})
    assert [hit.document_id for hit in fuse(rankings, top_k=top_k, weights=EQUAL)] == fused[:top_k]
