"""The number of buckets is remembered, and a lost one costs nothing but time."""

from pathlib import Path

import pytest

from backend.datasets.curation.bucket_number import remember_count, remembered_count


def test_the_number_is_that_of_the_last_run(tmp_path: Path) -> None:
    signals = tmp_path / "signals"
    assert remembered_count(signals) is None

    for count in (4, 8):
        remember_count(signals, count)
        assert remembered_count(signals) == count


@pytest.mark.parametrize("content", ["", "[]", '{"buckets": "many"}', "{"])
def test_a_damaged_number_is_none(tmp_path: Path, content: str) -> None:
    remember_count(tmp_path, 4)
    (file,) = tmp_path.iterdir()
    file.write_text(content)

    assert remembered_count(tmp_path) is None
