"""`clara ingest` against a live server."""

from pathlib import Path

import pytest

from tests.support.cli import Clara
from tests.support.contract_app import ContractState


@pytest.fixture
def laws(tmp_path: Path) -> Path:
    folder = tmp_path / "laws"
    folder.mkdir()
    for name in ("a.md", "b.md", "broken.pdf"):
        (folder / name).write_text(name)
    return folder


def test_a_folder_goes_in_and_the_counts_are_told(clara: Clara, laws: Path) -> None:
    result = clara("ingest", str(laws))
    assert result.exit_code == 0
    assert "3 new, 0 changed, 0 unchanged, 0 failed · 3 sections" in result.stdout
    assert "Ingesting" in result.stderr
    assert clara("ingest", str(laws)).stdout.startswith("0 new, 0 changed, 3 unchanged")


def test_a_broken_file_is_listed_with_its_reason_and_the_exit_code_says_so(
    clara: Clara, state: ContractState, laws: Path
) -> None:
    state.unreadable = frozenset({"broken.pdf"})
    result = clara("ingest", str(laws))
    assert result.exit_code == 1
    assert "2 new" in result.stdout
    assert "broken.pdf" in result.stderr
    assert "it is not a PDF" in result.stderr


def test_json_gives_one_document_and_nothing_else(clara: Clara, state: ContractState, laws: Path) -> None:
    state.unreadable = frozenset({"broken.pdf"})
    answer = clara.json("ingest", str(laws), "--source", "x", exit_code=1)
    assert answer["failed"] == [{"path": "broken.pdf", "reason": "it is not a PDF"}]
    assert (answer["files"], answer["ingested"]) == (3, 2)
    assert ("x", "a.md") in state.documents


def test_a_path_that_does_not_exist_is_bad_input(clara: Clara) -> None:
    result = clara("ingest", "/nowhere/at/all")
    assert result.exit_code == 2
    assert "There is no file or folder '/nowhere/at/all'." in result.stderr


def test_an_empty_folder_is_bad_input(clara: Clara, tmp_path: Path) -> None:
    assert clara("ingest", str(tmp_path)).exit_code == 2
