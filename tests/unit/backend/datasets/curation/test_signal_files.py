"""Files of signals."""

import os
from pathlib import Path

import numpy as np
import pytest

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.damaged import DamagedFigures
from backend.datasets.curation.forgetting import forget_document
from backend.datasets.curation.measured_sections import MeasuredSections
from backend.datasets.curation.signal_files import SignalFiles, encoded
from shared.storage import NotWritable

BUCKET = Bucket(7, "aa11", ("doc_1", "doc_2"), 3)
MEASURED = MeasuredSections(
    section_ids=["doc_1:1:0", "doc_1:1:1", "doc_2:4:0"],
    document_ids=["doc_1", "doc_1", "doc_2"],
    text_keys=["k1", "k2", "k1"],
    words=np.array([3, 400, 3]),
    characters=np.array([20, 3000, 20]),
    signals={"digit_share": np.array([0.1, np.nan, 1 / 3]), "words": np.array([3.0, 400.0, 3.0])},
    personal_data=[{}, {"iban": 2, "person": 1}, {}],
)


def test_what_was_measured_is_read_as_it_was(tmp_path: Path) -> None:
    files = SignalFiles(tmp_path / "signals")
    files.write(BUCKET, MEASURED)

    read = files.read(BUCKET)

    assert (read.section_ids, read.document_ids, read.text_keys) == (
        MEASURED.section_ids,
        MEASURED.document_ids,
        MEASURED.text_keys,
    )
    assert read.words.tolist() == [3, 400, 3]
    assert read.characters.tolist() == [20, 3000, 20]
    assert list(read.signals) == ["digit_share", "words"]
    np.testing.assert_array_equal(read.signals["digit_share"], MEASURED.signals["digit_share"])
    assert read.personal_data == MEASURED.personal_data


def test_a_bucket_is_done_in_the_state_that_was_measured_alone(tmp_path: Path) -> None:
    files = SignalFiles(tmp_path)
    assert not files.is_done(BUCKET)

    files.write(BUCKET, MEASURED)

    assert files.is_done(BUCKET)
    assert not files.is_done(Bucket(7, "bb22", BUCKET.document_ids, 3))


def test_files_of_earlier_states_and_of_killed_runs_are_swept(tmp_path: Path) -> None:
    files = SignalFiles(tmp_path)
    files.write(BUCKET, MEASURED)
    files.write(Bucket(7, "old", (), 0), MEASURED)
    (tmp_path / ".00007-aa11.parquet.1234.partial").write_bytes(b"half")

    assert files.sweep([BUCKET]) == 2

    assert [file.name for file in tmp_path.iterdir()] == ["00007-aa11.parquet"]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "signals").write_text("a file where the folder should be")

    with pytest.raises((NotWritable, FileExistsError, NotADirectoryError)):
        SignalFiles(tmp_path / "signals").write(BUCKET, MEASURED)

    assert [file.name for file in tmp_path.iterdir()] == ["signals"]


def test_a_file_that_an_erasure_takes_while_it_is_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erased(_descriptor: int) -> None:
        forget_document(tmp_path, "doc_1")

    files = SignalFiles(tmp_path / "signals" / "way")
    monkeypatch.setattr(os, "fsync", erased)

    with pytest.raises(DamagedFigures, match="run it again"):
        files.write(BUCKET, MEASURED)

    assert not files.is_done(BUCKET)


def test_the_same_figures_give_the_same_bytes() -> None:
    assert encoded(MEASURED) == encoded(MEASURED)


@pytest.mark.parametrize("content", [b"", b"broken", encoded(MEASURED)[:-9]])
def test_a_damaged_file_is_named_and_measured_again(tmp_path: Path, content: bytes) -> None:
    files = SignalFiles(tmp_path)
    files.path(BUCKET).write_bytes(content)

    with pytest.raises(DamagedFigures, match="run it again"):
        files.read(BUCKET)

    assert not files.is_done(BUCKET)
