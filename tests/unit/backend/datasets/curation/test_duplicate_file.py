"""Duplicates of all sections, kept."""

import os
from pathlib import Path

import pytest

from backend.datasets.curation.damaged import DamagedFigures
from backend.datasets.curation.duplicate_file import DuplicateFile
from backend.datasets.curation.forgetting import forget_document
from shared.database.stores import memory_stores
from tests.support.curated import PROSE, a_law, different_prose


def test_superfluous_sections_are_named_with_their_representative(tmp_path: Path) -> None:
    stores = memory_stores()
    stores.documents.put_many(
        [a_law("a.md", PROSE, *different_prose(2)), a_law("b.md", PROSE), a_law("c.md", PROSE[:90])]
    )
    found = DuplicateFile(tmp_path, "s1")
    assert not found.is_done

    found.find(stores.documents.iter_sections())

    (exact,) = found.read()
    ids = [each.section_id for each in stores.documents.iter_sections() if each.section.text == PROSE]
    assert found.is_done
    assert {exact.section_id, exact.representative} == set(ids)
    assert (exact.kind, exact.jaccard, exact.cluster_size) == ("exact", 1.0, 2)


def test_files_of_other_states_go_once_the_new_one_is_whole(tmp_path: Path) -> None:
    DuplicateFile(tmp_path, "s1").find([])
    DuplicateFile(tmp_path, "s2").find([])

    assert [file.name for file in tmp_path.iterdir()] == ["1-s2.jsonl"]
    assert list(DuplicateFile(tmp_path, "s2").read()) == []


def test_what_killed_runs_left_is_swept(tmp_path: Path) -> None:
    DuplicateFile(tmp_path, "s1").find([])
    (tmp_path / ".1-s0.jsonl.aa.partial").touch()

    DuplicateFile(tmp_path, "s1").sweep()
    assert [file.name for file in tmp_path.iterdir()] == ["1-s1.jsonl"]
    DuplicateFile(tmp_path, "s2").sweep()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_an_erasure_takes_while_it_is_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = DuplicateFile(tmp_path / "duplicates", "s1")
    monkeypatch.setattr(os, "fsync", lambda _: forget_document(tmp_path, "doc_1"))

    with pytest.raises(DamagedFigures, match="run it again"):
        found.find([])

    assert not found.is_done


@pytest.mark.parametrize("content", ['{"section_id', '{"name": 1}\n', "[1]\n"])
def test_a_damaged_file_is_named_and_made_again(tmp_path: Path, content: str) -> None:
    found = DuplicateFile(tmp_path, "s1")
    (tmp_path / "1-s1.jsonl").write_text(content)

    with pytest.raises(DamagedFigures, match="run it again"):
        list(found.read())

    assert not found.is_done
