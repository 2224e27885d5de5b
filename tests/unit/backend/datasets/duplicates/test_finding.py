"""A stream of texts to clusters: exact and near copies, one of each kept, whatever the order of the stream."""

import contextlib
import io
import random
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.datasets.duplicates.finding import DuplicateFinder, find_duplicates
from backend.datasets.duplicates.meeting import MOST_COMPARED
from backend.datasets.duplicates.texts import Cluster, ComparedText, Kind, Member, RepeatedId
from tests.support.duplicate_texts import boilerplate, clusters_of, families, jaccard, similar_pairs

TEXT = (
    "Die Gebühr nach dieser Satzung beträgt dreißig Euro je angefangene Stunde und wird mit der Bekanntgabe des "
    "Bescheides an den Schuldner fällig, soweit nicht die Behörde einen anderen Tag bestimmt hat."
)
DAYS = st.sampled_from([None, *(date(2000 + year, 1, 1) for year in range(4))])
STATES = st.tuples(DAYS, DAYS).filter(lambda state: None in state or state[0] <= state[1])
CORPORA = st.builds(
    lambda seed, count, states: [
        ComparedText(text.id, text.text, *states[number % len(states)], quality=number % 3)
        for number, text in enumerate(families(seed, count=count, versions=4, words=40))
    ],
    st.integers(0, 1 << 30),
    st.integers(1, 8),
    st.lists(STATES, min_size=1, max_size=5),
)


def _kept(texts: Sequence[ComparedText], clusters: Sequence[Cluster]) -> list[ComparedText]:
    members = {member.id for cluster in clusters for member in cluster.members}
    return [text for text in texts if text.id not in members]


def test_copies_and_changed_copies_are_members_with_their_similarity() -> None:
    changed = TEXT.replace("dreißig", "vierzig")
    reworded = TEXT.replace(" ", "  ").replace("fällig,", "FÄLLIG,")
    texts = [
        ComparedText("original", TEXT, quality=1.0),
        ComparedText("copy", reworded),
        ComparedText("punctuation", TEXT.replace(",", ";")),
        ComparedText("changed", changed),
        ComparedText("other", "Der Rat beschließt die Satzung mit der Mehrheit seiner Mitglieder."),
    ]

    (cluster,) = find_duplicates(texts, open_file=io.BytesIO, threshold=0.5)

    assert cluster == Cluster(
        "original",
        (
            Member("changed", jaccard(TEXT, changed), Kind.NEAR),
            Member("copy", 1.0, Kind.EXACT),
            Member("punctuation", 1.0, Kind.NEAR),
        ),
    )
    assert cluster.size == 4


@pytest.mark.parametrize("other", [TEXT.replace("dreißig", "35"), TEXT.replace("Gebühr", "Gebuhr")])
def test_a_digit_or_an_umlaut_makes_the_difference_it_makes_to_a_reader(other: str) -> None:
    (cluster,) = find_duplicates(
        [ComparedText("a", TEXT), ComparedText("b", other)], open_file=io.BytesIO, threshold=0.5
    )

    assert cluster.members == (Member("b", jaccard(TEXT, other), Kind.NEAR),)
    assert cluster.members[0].jaccard < 1


def test_texts_under_five_words_are_duplicates_only_of_exact_copies() -> None:
    texts = ["", "  ", "(weggefallen)", "(Weggefallen)", "weggefallen", "Dies gilt nicht mehr.", "Dies gilt nicht mehr"]

    clusters = clusters_of([ComparedText(str(number), text) for number, text in enumerate(texts)])

    assert [(each.representative, [member.id for member in each.members]) for each in clusters] == [
        ("1", ["0"]),
        ("2", ["3"]),
    ]


@pytest.mark.parametrize("other", [TEXT, TEXT.replace("dreißig", "vierzig").replace("Satzung", "Satzung auch")])
def test_states_that_were_never_in_force_together_are_no_duplicates(other: str) -> None:
    old = ComparedText("old", TEXT, date(2001, 1, 1), date(2009, 12, 31))
    new = ComparedText("new", other, date(2010, 1, 1))
    overlapping = ComparedText("overlapping", other, date(2009, 12, 31), date(2009, 12, 31))

    assert list(find_duplicates([old, new], open_file=io.BytesIO, threshold=0.4)) == []
    (cluster,) = find_duplicates([old, overlapping], open_file=io.BytesIO, threshold=0.4)
    assert cluster.size == 2


def test_states_of_one_and_the_same_day_are_duplicates() -> None:
    day = date(2009, 12, 31)

    (cluster,) = clusters_of([ComparedText("a", TEXT, day, day), ComparedText("b", TEXT + "!", day, day)])

    assert cluster.size == 2


def _words(*numbers: int) -> str:
    return " ".join(f"wort{number}" for number in numbers)


@pytest.mark.parametrize(("threshold", "size"), [(0.8, 2), (0.8 + 1e-9, 1)])
def test_texts_that_are_just_as_similar_as_the_threshold_are_duplicates(threshold: float, size: int) -> None:
    texts = [ComparedText("a", _words(*range(24))), ComparedText("b", _words(*range(20)))]
    assert jaccard(texts[0].text, texts[1].text) == 0.8

    clusters = list(find_duplicates(texts, open_file=io.BytesIO, threshold=threshold))

    assert [cluster.size for cluster in clusters] == [2] * (size - 1)


def test_of_two_kept_texts_the_more_similar_one_represents_and_of_two_equally_similar_ones_the_preferred() -> None:
    left, right = _words(*range(100, 110), *range(60)), _words(*range(60), *range(200, 210))
    middle, nearer = _words(*range(60)), _words(*range(60), *range(200, 204))
    kept = [ComparedText("left", left, quality=0.9), ComparedText("right", right, quality=0.8)]

    for text, expected in ((middle, "left"), (nearer, "right")):
        texts = [*kept, ComparedText("asked", text)]
        (cluster,) = find_duplicates(texts, open_file=io.BytesIO, threshold=0.8)
        assert cluster.representative == expected


def test_a_text_of_unknown_dates_is_a_copy_of_the_newest_state_and_leaves_the_older_one() -> None:
    states = [
        ComparedText("old", TEXT, date(2001, 1, 1), date(2009, 12, 31)),
        ComparedText("new", TEXT, date(2010, 1, 1)),
        ComparedText("undated", TEXT),
    ]

    (cluster,) = clusters_of(states)

    assert (cluster.representative, [member.id for member in cluster.members]) == ("new", ["undated"])


def test_the_same_id_twice_is_refused_by_name() -> None:
    with pytest.raises(RepeatedId, match="'§ 1'"):
        clusters_of([ComparedText("§ 1", TEXT), ComparedText("a", ""), ComparedText("§ 1", "etwas anderes")])


def test_files_are_closed_when_all_is_told_and_when_it_is_not() -> None:
    files: list[io.BytesIO] = []

    def opened() -> io.BytesIO:
        files.append(io.BytesIO())
        return files[-1]

    for text_id in ("b", "a"):
        with contextlib.suppress(RepeatedId):
            list(find_duplicates([ComparedText("a", TEXT), ComparedText(text_id, TEXT)], open_file=opened))

    assert [file.closed for file in files] == [True] * 8


def test_nothing_gives_no_clusters() -> None:
    assert clusters_of([]) == []
    assert clusters_of([ComparedText("a", TEXT)]) == []


@settings(max_examples=40)
@given(CORPORA, st.randoms(use_true_random=False), st.integers(1, 9))
def test_order_and_batches_of_the_stream_change_nothing(
    texts: list[ComparedText], rng: random.Random, cut: int
) -> None:
    expected = clusters_of(texts)
    rng.shuffle(texts)
    finder = DuplicateFinder(io.BytesIO)
    for start in range(0, len(texts), cut):
        finder.add(texts[start : start + cut])

    assert sorted(finder.clusters(), key=lambda cluster: cluster.representative) == expected
    assert len(finder) == len(texts)


@settings(max_examples=40)
@given(CORPORA)
def test_a_second_run_over_what_was_kept_finds_nothing(texts: list[ComparedText]) -> None:
    assert clusters_of(_kept(texts, clusters_of(texts))) == []


@settings(max_examples=40)
@given(CORPORA)
def test_every_member_is_as_similar_to_its_representative_as_comparing_them_says(texts: list[ComparedText]) -> None:
    by_id = {text.id: text for text in texts}
    seen: set[str] = set()
    for cluster in clusters_of(texts):
        kept = by_id[cluster.representative]
        for member in cluster.members:
            other = by_id[member.id]
            assert member.jaccard == jaccard(kept.text, other.text) >= 0.8
            assert (member.kind is Kind.EXACT) == (kept.text == other.text)
            assert (kept.valid_from or date.min) <= (other.valid_to or date.max)
            assert (other.valid_from or date.min) <= (kept.valid_to or date.max)
        ids = {cluster.representative, *(member.id for member in cluster.members)}
        assert not ids & seen
        seen |= ids


@pytest.mark.parametrize("seed", range(3))
def test_hardly_a_pair_of_near_duplicates_is_left_among_the_kept_ones(seed: int) -> None:
    texts = families(seed, count=60, versions=5)
    pairs = similar_pairs(texts)

    kept = {text.id for text in _kept(texts, clusters_of(texts))}

    left = [pair for pair in pairs if kept.issuperset(pair)]
    assert len(pairs) > 200
    assert len(left) <= 0.05 * len(pairs)


class _CountingFile(io.BytesIO):
    reads = 0

    def read(self, *args: Any) -> bytes:
        _CountingFile.reads += 1
        return super().read(*args)


def test_a_form_filled_in_a_thousand_times_is_not_compared_a_million_times() -> None:
    texts = boilerplate(1_200)
    assert 0.7 < jaccard(texts[0].text, texts[1].text) < 0.8
    _CountingFile.reads = 0

    clusters = list(find_duplicates(texts, open_file=_CountingFile))

    assert clusters == []
    assert 20 * len(texts) < _CountingFile.reads < (MOST_COMPARED + 4) * len(texts)


def test_copies_of_boilerplate_are_found_among_boilerplate() -> None:
    texts = boilerplate(600)
    copies = [ComparedText(f"copy of {text.id}", text.text + " Seite 1") for text in texts[-50:]]

    clusters = clusters_of([*texts, *copies])

    found = [(each.representative, [member.id for member in each.members]) for each in clusters]
    assert found == [(copy.id, [copy.id.removeprefix("copy of ")]) for copy in copies]
    assert clusters_of(_kept([*texts, *copies], clusters)) == []
