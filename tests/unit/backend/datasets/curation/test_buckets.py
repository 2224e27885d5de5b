"""Documents in buckets."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.curation.buckets import bucket_count, buckets_of, state_of
from shared.database.search_store import HeldDocument

HELD = [HeldDocument(f"doc_{number:03}", 1, f"{number:0>64}", 4) for number in range(100)]


def test_every_document_is_in_one_bucket_and_erased_ones_are_in_none() -> None:
    erased = HeldDocument("doc_999", 3, "", 0, is_erased=True)

    buckets = buckets_of([*HELD, erased], 8)

    assert sorted(name for bucket in buckets for name in bucket.document_ids) == [each.document_id for each in HELD]
    assert [bucket.number for bucket in buckets] == sorted({bucket.number for bucket in buckets})
    assert sum(bucket.sections for bucket in buckets) == 400


def test_a_changed_document_changes_the_state_of_its_bucket_alone() -> None:
    before = buckets_of(HELD, 8)
    after = buckets_of([*HELD[:7], replace(HELD[7], version=2), *HELD[8:]], 8)

    changed = [new for old, new in zip(before, after, strict=True) if old != new]

    assert len(changed) == 1
    assert "doc_007" in changed[0].document_ids
    assert state_of(before) != state_of(after)


def test_another_document_makes_one_bucket_stale() -> None:
    before = buckets_of(HELD, 8)
    after = buckets_of([*HELD, HeldDocument("doc_new", 1, "0" * 64, 1)], 8)

    assert len(set(after) - set(before)) == 1


@given(st.integers(min_value=0, max_value=10**8))
def test_there_are_as_many_as_give_each_some_hundred_sections(sections: int) -> None:
    count = bucket_count(sections)

    assert count & (count - 1) == 0
    assert count == 1 or sections / count > 200
    assert sections / count <= 512 or count == 1 << 16


def test_their_number_stays_while_the_documents_grow_less_than_fourfold() -> None:
    present = bucket_count(10_000)

    assert bucket_count(30_000, present=present) == present
    assert bucket_count(90_000, present=present) == bucket_count(90_000) > present
    assert bucket_count(100, present=present) == 1
