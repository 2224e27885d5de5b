"""Files that take the place of older ones."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.replacing import replacing
from shared.storage import DiskFull


def test_a_file_lies_there_whole_when_the_block_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    with replacing(path) as stream:
        stream.write(b"one")
        assert not path.exists()
    with replacing(path) as stream:
        stream.write(b"two")
        assert path.read_bytes() == b"one"

    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"one")

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise KeyError

    with pytest.raises(KeyError), replacing(path) as stream:
        stream.writelines(broken())

    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskFull), replacing(tmp_path / "a.json"):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert list(tmp_path.iterdir()) == []
