"""A build: everything found is kept or dropped for a reason, nothing leaks, the same input gives the same bytes."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from backend.datasets.build_errors import NothingKept, NothingMatched
from shared.models.dataset import Deduplication, RecordFormat, RecordProvenance, Split
from shared.storage import verify_folder
from tests.support.dataset_builds import FROM_DOCUMENTS, a_plan, all_records, build, records
from tests.support.legal_texts import a_candidate, candidates


def test_a_build_publishes_records_that_verify(tmp_path: Path) -> None:
    rows: list[RecordProvenance] = []
    result = build(a_plan(tmp_path / "1"), candidates(30), rows)

    manifest = verify_folder(result.records_dir)
    assert manifest.sha256 == result.manifest_sha256
    assert manifest.properties["content_sha256"] == result.content_sha256
    assert result.record_count == len(all_records(result)) == len(rows) == 180
    assert {row.record_id for row in rows} == {record["record_id"] for record in all_records(result)}
    assert result.document_count == 30


def test_the_order_in_which_sections_are_found_does_not_matter(tmp_path: Path) -> None:
    shuffled = list(candidates(30))
    random.Random(1).shuffle(shuffled)

    one = build(a_plan(tmp_path / "1"), candidates(30))
    other = build(a_plan(tmp_path / "2"), shuffled)

    assert one.content_sha256 == other.content_sha256
    assert one.manifest_sha256 == other.manifest_sha256


def test_the_content_hash_is_the_same_on_an_installation_that_gave_other_ids(tmp_path: Path) -> None:
    renamed = [
        replace(each, stored=replace(each.stored, document_id=f"x-{each.stored.document_id}", version=7))
        for each in candidates(10)
    ]

    assert (
        build(a_plan(tmp_path / "1"), candidates(10)).content_sha256
        == build(a_plan(tmp_path / "2"), renamed).content_sha256
    )


def test_no_document_stands_in_two_splits_and_every_split_has_its_own(tmp_path: Path) -> None:
    result = build(a_plan(tmp_path / "1"), candidates(60))
    paths = {split: {record["metadata"]["path"] for record in records(result, split)} for split in Split}

    assert all(paths.values())
    assert sum(map(len, paths.values())) == len(set().union(*paths.values())) == 60
    assert result.statistics["split_leak"] == {"documents": 0, "texts": 0, "near_duplicates": 0}


def test_a_text_that_train_holds_is_dropped_from_the_other_splits(tmp_path: Path) -> None:
    found = list(candidates(60))
    copies = [
        replace(each, stored=replace(each.stored, section=replace(each.section, text=found[0].section.text)))
        if each.section.ordinal == 3
        else each
        for each in found
    ]

    # where repetitions may stay, those across splits may not
    result = build(a_plan(tmp_path / "1", deduplicate=Deduplication.OFF), copies)
    texts = [record["text"] for record in all_records(result) if "für den Friedhof einen Antrag" in record["text"]]

    assert len(texts) > 1
    assert result.statistics["sections"]["dropped"]["duplicate"] > 0
    assert result.statistics["split_leak"] == {"documents": 0, "texts": 0, "near_duplicates": 0}


def test_everything_found_is_kept_or_dropped_for_one_reason(tmp_path: Path) -> None:
    rubbish = [
        a_candidate("(weggefallen)", document="d1", path="x/1.md", ordinal=0),
        a_candidate("Siehe oben.", document="d1", path="x/1.md", ordinal=2),
        a_candidate("1 234,00 5 678,00 9 101,00 " * 20, document="d1", path="x/1.md", ordinal=4),
    ]
    result = build(a_plan(tmp_path / "1"), [*candidates(10), *rubbish])
    sections = result.statistics["sections"]

    assert sections["dropped"]["repealed"] == sections["dropped"]["stub"] == 1
    assert sections["found"] == 63 == sections["kept"] + sum(sections["dropped"].values())
    outcomes = (result.records_dir.parent / "quality" / "sections.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(outcomes) == 63


@pytest.mark.parametrize("seed", range(3))
def test_a_higher_threshold_never_adds_a_record(tmp_path: Path, seed: int) -> None:
    chooser = random.Random(seed)
    found = [
        replace(
            each,
            stored=replace(
                each.stored,
                section=replace(each.section, text=each.section.text[: chooser.choice([60, 90, 150, 400])]),
            ),
        )
        for each in candidates(25)
    ]
    kept = [
        {
            record["record_id"]
            for record in all_records(build(a_plan(tmp_path / f"{seed}-{number}", min_quality_score=threshold), found))
        }
        for number, threshold in enumerate((0.0, 0.4, 0.7, 0.95))
    ]

    assert kept[0] >= kept[1] >= kept[2] >= kept[3]
    assert len(kept[0]) > len(kept[3])


def test_relevance_never_enters_quality(tmp_path: Path) -> None:
    low = build(a_plan(tmp_path / "1"), [replace(each, relevance=0.01) for each in candidates(5)])
    high = build(a_plan(tmp_path / "2"), [replace(each, relevance=0.99) for each in candidates(5)])

    assert low.quality_score_avg == high.quality_score_avg
    assert {record["relevance_score"] for record in all_records(low)} == {0.01}


def test_a_section_that_was_found_twice_counts_once(tmp_path: Path) -> None:
    result = build(a_plan(tmp_path / "1"), [*candidates(4), *candidates(4)])

    assert result.statistics["sections"]["found"] == 24


def test_a_dataset_of_one_document_is_all_train_wherever_its_path_falls(tmp_path: Path) -> None:
    for number in range(10):
        (only,) = candidates(1, sections=1)
        moved = replace(only, stored=replace(only.stored, path=f"{number}.md"))
        assert build(a_plan(tmp_path / str(number)), [moved]).statistics["splits"]["train"]["records"] == 1


def test_every_export_of_a_build_holds_the_content_of_its_records(tmp_path: Path) -> None:
    formats = ["csv", "json", "jsonl", "parquet"]
    result = build(a_plan(tmp_path / "1", export_formats=formats), candidates(20))

    assert {verify_folder(path).properties["content_sha256"] for path in result.export_paths.values()} == {
        result.content_sha256
    }


@pytest.mark.parametrize("record_format", FROM_DOCUMENTS)
def test_statistics_add_up(tmp_path: Path, record_format: RecordFormat) -> None:
    result = build(a_plan(tmp_path / "1", record_format=record_format), candidates(20))
    statistics = result.statistics

    assert sum(part["records"] for part in statistics["splits"].values()) == result.record_count
    assert sum(part["tokens"] for part in statistics["splits"].values()) == result.total_tokens > 0
    assert sum(statistics["characters"]["counts"]) == result.record_count
    assert sum(statistics["quality"]["counts"]) == result.record_count
    assert statistics["sources"] == {"amt": result.record_count}
    assert statistics["formats"] == {record_format.value: result.record_count}
    assert statistics["tokens"]["counter"] == "unicode-words-1"


def test_nothing_found_is_an_error_that_says_what_was_asked(tmp_path: Path) -> None:
    with pytest.raises(NothingMatched, match="Nothing matched 'Gebühr'"):
        build(a_plan(tmp_path / "1"), [])

    assert list((tmp_path / "1").iterdir()) == []


def test_nothing_kept_is_an_error_that_counts_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(NothingKept, match="1 repealed"):
        build(a_plan(tmp_path / "1"), [a_candidate("(aufgehoben)")])

    assert list((tmp_path / "1").iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed on Linux alone")
def test_a_build_that_finds_nothing_leaves_no_file_open(tmp_path: Path) -> None:
    with pytest.raises(NothingMatched):
        build(a_plan(tmp_path / "1"), [])

    targets = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert not [target for target in targets if str(tmp_path) in target]
