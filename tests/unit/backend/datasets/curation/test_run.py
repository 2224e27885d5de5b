"""A quality run over registered documents."""

from pathlib import Path

import pytest

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.measured_sections import MeasuredSections
from backend.datasets.curation.measuring import Measurer
from backend.datasets.quality.normalise import normalise
from shared.database.stores import Stores, memory_stores
from shared.models.review import Doubt, ReviewState, Ruling, text_key_of
from tests.support import curated
from tests.support.curated import COSTLY, FIGURES, PROSE, a_curation, a_law, different_prose, silent
from tests.support.store_values import an_audit

KEPT = Ruling(ReviewState.KEPT, "anna@amt.example")
REJECTED = Ruling(ReviewState.REJECTED, "anna@amt.example")


@pytest.fixture
def stores() -> Stores:
    opened = memory_stores()
    opened.documents.put_many(
        [a_law("a.md", PROSE, FIGURES), a_law("b.md", COSTLY, *different_prose(3)), a_law("c.md", PROSE)]
    )
    return opened


def rule(stores: Stores, text: str, ruling: Ruling) -> None:
    doubt = Doubt(text_key_of(normalise(text)), "doc_x:1:0", "doc_x", 0.1, ("many_digits",), "p")
    stores.reviews.rule(doubt, ruling, audit=an_audit("quality.ruled"))


def test_everything_is_judged_and_the_doubtful_is_listed(stores: Stores, tmp_path: Path) -> None:
    tally = a_curation(stores, tmp_path).run("r1", silent)

    assert dict(tally.decisions) == {"keep": 5, "review": 1, "reject": 1}
    assert tally.rules["many_digits"].rejected == 1
    (doubted,) = stores.reviews.page().items
    assert doubted.doubt.text_key == text_key_of(normalise(COSTLY))
    assert doubted.doubt.reasons == tuple(tally.doubted)[:1] + doubted.doubt.reasons[1:]
    assert tally.as_json()["duplicates"]["exact"] == 1


def test_a_preview_puts_nothing_on_the_list(stores: Stores, tmp_path: Path) -> None:
    tally = a_curation(stores, tmp_path).preview(silent)

    assert tally.decisions["review"] == 1
    assert stores.reviews.page().total == 0


def test_a_ruling_counts_more_than_the_profile(stores: Stores, tmp_path: Path) -> None:
    rule(stores, FIGURES, KEPT)
    rule(stores, PROSE, REJECTED)

    tally = a_curation(stores, tmp_path).run("r1", silent)

    assert dict(tally.decisions) == {"keep": 4, "review": 1, "reject": 2}
    assert tally.rules["many_digits"].overruled == 1
    assert dict(tally.rulings) == {"kept": 1, "rejected": 2}


def test_only_what_changed_is_measured_again(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores.documents.put_many([a_law(f"{n:03}.md", *[text] * 30) for n, text in enumerate(different_prose(60))])
    a_curation(stores, tmp_path).run("r1", silent)
    measured: list[int] = []

    class Counting(Measurer):
        def measured(self, bucket: Bucket) -> MeasuredSections:
            measured.append(bucket.number)
            return super().measured(bucket)

    monkeypatch.setattr(curated, "Measurer", Counting)

    a_curation(stores, tmp_path).run("r2", silent)
    assert measured == []

    stores.documents.put_many([a_law("000.md", PROSE, content="v2")])
    a_curation(stores, tmp_path).run("r3", silent)
    assert len(measured) == 1


def test_what_is_no_longer_doubted_leaves_the_list(stores: Stores, tmp_path: Path) -> None:
    a_curation(stores, tmp_path).run("r1", silent)
    stores.documents.put_many([a_law("b.md", *different_prose(3), content="v2")])

    a_curation(stores, tmp_path).run("r2", silent)

    assert stores.reviews.page().total == 0


def test_a_run_that_is_killed_while_it_measures_goes_on_where_it_stood(stores: Stores, tmp_path: Path) -> None:
    stores.documents.put_many([a_law(f"{n:03}.md", *[text] * 30) for n, text in enumerate(different_prose(60))])

    class Killed(Exception):
        pass

    def dies(_stage: str, done: int, total: int) -> None:
        if done > total / 2:
            raise Killed

    with pytest.raises(Killed):
        a_curation(stores, tmp_path).run("r1", dies)
    done = sorted(tmp_path.glob("signals/*/*.parquet"))
    assert done
    assert stores.reviews.page().total == 0
    times = {file: file.stat().st_mtime_ns for file in done}

    tally = a_curation(stores, tmp_path).run("r2", silent)

    assert {file: file.stat().st_mtime_ns for file in done} == times
    assert tally.sections == stores_sections(stores)
    assert stores.reviews.page().total == 1


def stores_sections(stores: Stores) -> int:
    return sum(1 for _ in stores.documents.iter_sections())


def test_progress_ends_at_the_whole(stores: Stores, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []

    a_curation(stores, tmp_path).run("r1", lambda *step: told.append(step))

    assert told[0] == ("measure", 0, 7)
    assert ("measure", 7, 7) in told
    assert told[-1] == ("judge", 7, 7)


def test_without_documents_there_is_nothing_to_do(tmp_path: Path) -> None:
    empty = memory_stores()

    tally = a_curation(empty, tmp_path).run("r1", silent)

    assert tally.sections == 0
    assert tally.as_json()["decisions"] == {"keep": 0, "review": 0, "reject": 0}


def test_accepted_texts_are_those_that_nothing_and_nobody_doubts(stores: Stores, tmp_path: Path) -> None:
    rule(stores, COSTLY, KEPT)
    rule(stores, PROSE, REJECTED)

    accepted = [text for _, text in a_curation(stores, tmp_path).accepted(silent)]

    assert accepted == [normalise(text) for text in (COSTLY, *different_prose(3))]
