"""Uploaded files are spooled under names of ours, ingested, and gone afterwards."""

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from backend.datasets.folders import DatasetFolders
from backend.datasets.ingest.events import IngestCounts, IngestSummary, Problem
from backend.datasets.ingest.walk import SourceFile
from backend.datasets.models import UploadResult
from backend.datasets.uploads import NothingTakenIn, NothingUploaded, UploadDesk, UploadedFile


class IngesterDouble:
    """Notes what it is given."""

    def __init__(self) -> None:
        self.seen: dict[str, bytes] = {}
        self.fails = False
        self.readable: int | None = None
        self.failed_rows = 1

    async def ingest(self, files: Sequence[SourceFile], *, root: Path, source: str, ingested_by: str) -> IngestSummary:
        if self.fails:
            raise RuntimeError("the worker is gone")
        assert all(file.path.is_relative_to(root) for file in files)
        self.seen = {file.name: file.path.read_bytes() for file in files}
        readable = len(files) if self.readable is None else self.readable
        counts = IngestCounts(documents_new=readable, sections=5, failed=self.failed_rows)
        return IngestSummary(counts, (Problem("b.pdf", "it is damaged"),), len(files), 0.1)


@pytest.fixture
def ingester() -> IngesterDouble:
    return IngesterDouble()


def _receive(tmp_path: Path, ingester: IngesterDouble, *names: str) -> UploadResult:
    desk = UploadDesk(DatasetFolders(tmp_path), ingester)
    files = [UploadedFile(name, io.BytesIO(name.encode())) for name in names]
    return asyncio.run(desk.receive(files, source="amt", ingested_by="anna"))


def test_files_keep_the_names_that_the_sender_gave(tmp_path: Path, ingester: IngesterDouble) -> None:
    _receive(tmp_path, ingester, "a.md", "ordner/b.pdf", "fenster\\c.txt")

    assert sorted(ingester.seen) == ["a.md", "fenster/c.txt", "ordner/b.pdf"]


@pytest.mark.parametrize("name", ["../a.md", "/etc/passwd", "a/../../b.md", "x\x00.md"])
def test_a_name_that_leaves_the_folder_is_refused_and_the_rest_goes_on(
    tmp_path: Path, ingester: IngesterDouble, name: str
) -> None:
    result = _receive(tmp_path, ingester, name, "gut.md")

    assert list(ingester.seen) == ["gut.md"]
    assert name in [failure.path for failure in result.failed]


def test_failures_of_the_ingest_are_named(tmp_path: Path, ingester: IngesterDouble) -> None:
    result = _receive(tmp_path, ingester, "a.md")

    assert result.model_dump()["failed"] == [{"path": "b.pdf", "reason": "it is damaged"}]


def test_an_upload_of_which_nothing_could_be_read_is_an_error_that_names_every_file(
    tmp_path: Path, ingester: IngesterDouble
) -> None:
    ingester.readable = 0
    with pytest.raises(NothingTakenIn, match=r"'\.\./a\.md'") as refusal:
        _receive(tmp_path, ingester, "../a.md", "b.pdf")

    assert [each["path"] for each in refusal.value.context["failed"]] == ["../a.md", "b.pdf"]
    assert all(each["reason"] for each in refusal.value.context["failed"])
    assert not list(DatasetFolders(tmp_path).uploads.iterdir())


def test_failures_that_are_too_many_to_be_named_are_counted(tmp_path: Path, ingester: IngesterDouble) -> None:
    ingester.failed_rows = 200_000
    result = _receive(tmp_path, ingester, "../a.md", "rows.jsonl")

    assert (len(result.failed), result.failed_count) == (2, 200_001)


def test_the_spool_is_empty_afterwards_even_after_a_failure(tmp_path: Path, ingester: IngesterDouble) -> None:
    _receive(tmp_path, ingester, "a.md")
    ingester.fails = True
    with pytest.raises(RuntimeError):
        _receive(tmp_path, ingester, "a.md")

    assert list((tmp_path / "uploads").iterdir()) == []


def test_an_upload_without_files_is_refused(tmp_path: Path, ingester: IngesterDouble) -> None:
    with pytest.raises(NothingUploaded):
        _receive(tmp_path, ingester)
