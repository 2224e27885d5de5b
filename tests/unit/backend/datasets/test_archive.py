"""What can be fetched of an export: files, and a zip of which every byte can be computed."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.datasets.archive import DownloadFile, FilePiece, files_of_split, one_file, whole_folder
from shared.models.dataset import Split
from shared.storage import MANIFEST_NAME, stage

FILES = {
    "README.md": b"# Satzungen\n",
    "data/train-00000-of-00002.parquet": b"PAR1" * 1000,
    "data/train-00001-of-00002.parquet": b"PAR1",
    "test.jsonl": '{"text": "Gebühr"}\n'.encode(),
    "empty.txt": b"",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "exports" / "huggingface"
    with stage(target) as staged:
        for name, content in FILES.items():
            (staged.path / name).parent.mkdir(exist_ok=True)
            (staged.path / name).write_bytes(content)
        staged.publish()
    return target


def _all(file: DownloadFile) -> bytes:
    return b"".join(file.read(0, file.size_bytes))


def test_the_zip_is_one_that_everybody_can_read(folder: Path) -> None:
    archive = whole_folder(folder, name="dataset_1")
    raw = _all(archive)
    found = zipfile.ZipFile(io.BytesIO(raw))

    assert found.testzip() is None
    assert {name.removeprefix("dataset_1/") for name in found.namelist()} == {*FILES, MANIFEST_NAME}
    assert all(found.read(f"dataset_1/{name}") == content for name, content in FILES.items())
    assert (len(raw), hashlib.sha256(raw).hexdigest()) == (archive.size_bytes, archive.sha256)


def test_the_sums_are_taken_once_and_the_zip_stays_the_same(folder: Path) -> None:
    first = whole_folder(folder, name="a")
    again = whole_folder(folder, name="a")

    assert (again.sha256, _all(again)) == (first.sha256, _all(first))
    assert sorted(path.name for path in folder.parent.iterdir()) == [".huggingface.zip.json", "huggingface"]
    assert whole_folder(folder, name="b").sha256 != first.sha256


def test_sums_that_cannot_be_read_are_taken_again(folder: Path) -> None:
    first = whole_folder(folder, name="a")
    (folder.parent / ".huggingface.zip.json").write_text("{")

    assert whole_folder(folder, name="a").sha256 == first.sha256


def test_one_file_is_named_by_the_manifest_and_by_nothing_else(folder: Path) -> None:
    (folder.parent / "secret").write_text("x")
    found = one_file(folder, "data/train-00001-of-00002.parquet", name="d")
    manifest = one_file(folder, MANIFEST_NAME, name="d")

    assert found is not None
    assert (found.name, found.media_type) == ("d-train-00001-of-00002.parquet", "application/vnd.apache.parquet")
    assert _all(found) == b"PAR1"
    assert manifest is not None
    assert hashlib.sha256(_all(manifest)).hexdigest() == manifest.sha256
    for foreign in ("../secret", "/etc/passwd", "data", "", "data/../README.md"):
        assert one_file(folder, foreign, name="d") is None


def test_files_of_a_split_are_found_in_order(folder: Path) -> None:
    assert files_of_split(folder, Split.TRAIN) == [name for name in FILES if "train" in name]
    assert files_of_split(folder, Split.TEST) == ["test.jsonl"]
    assert files_of_split(folder, Split.VALIDATION) == []


@settings(max_examples=60)
@given(st.lists(st.one_of(st.binary(max_size=40), st.integers(0, 60)), max_size=8), st.data())
def test_any_range_is_that_of_the_whole(parts: list[bytes | int], data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        pieces: list[bytes | FilePiece] = []
        for number, part in enumerate(parts):
            if isinstance(part, bytes):
                pieces.append(part)
            else:
                path = Path(folder) / str(number)
                path.write_bytes(bytes([number]) * part)
                pieces.append(FilePiece(path, part))
        file = DownloadFile("x", "x/y", "", pieces)
        start = data.draw(st.integers(0, file.size_bytes))
        end = data.draw(st.integers(start, file.size_bytes))

        assert b"".join(file.read(start, end)) == _all(file)[start:end]
