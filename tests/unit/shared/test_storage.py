"""Folders are there whole and verified, or not at all."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import storage
from shared.storage import (
    AlreadyPublished,
    CorruptArtefact,
    DiskFull,
    NotWritable,
    PathNotAllowed,
    confined,
    disk_errors,
    stage,
    sweep_stages,
    verify_folder,
)


def published(target: Path, **files: str) -> Path:
    with stage(target) as staged:
        for name, text in files.items():
            (staged.path / name).write_text(text, encoding="utf-8")
        (staged.path / "sub").mkdir()
        (staged.path / "sub" / "deep.bin").write_bytes(b"\0\1")
        staged.publish({"kind": "test"})
    return target


def test_a_published_folder_verifies_and_names_every_file(tmp_path: Path) -> None:
    manifest = verify_folder(published(tmp_path / "a", one="1", two="2"))
    assert set(manifest.files) == {"one", "two", "sub/deep.bin"}
    assert manifest.properties == {"kind": "test"}


def test_the_same_content_has_the_same_manifest(tmp_path: Path) -> None:
    first, second = (verify_folder(published(tmp_path / name, one="1")) for name in ("a", "b"))
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "one").write_text("2"),
        lambda folder: (folder / "one").unlink(),
        lambda folder: (folder / "extra").touch(),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: (folder / "manifest.json").write_text("[" * 100_000),
        lambda folder: (folder / "manifest.json").rename(folder.with_name("m")).rename(folder / "one"),
        lambda folder: ((folder / "manifest.json").unlink(), os.mkfifo(folder / "manifest.json")),
        lambda folder: os.mkfifo(folder / "pipe"),
        lambda folder: ((folder / "one").unlink(), (folder / "one").symlink_to("/etc/hostname")),
    ],
)
def test_every_damage_is_found(tmp_path: Path, damage: object) -> None:
    folder = published(tmp_path / "a", one="1")
    damage(folder)  # type: ignore[operator]
    with pytest.raises(CorruptArtefact):
        verify_folder(folder)


def test_a_stage_that_is_not_published_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with stage(tmp_path / "a") as staged:
            (staged.path / "one").write_text("1")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_published_folder_is_never_overwritten(tmp_path: Path) -> None:
    published(tmp_path / "a", one="1")
    with pytest.raises(AlreadyPublished):
        published(tmp_path / "a", one="2")
    assert (tmp_path / "a" / "one").read_text() == "1"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, NotWritable),
        (errno.EACCES, NotWritable),
        (errno.EIO, NotWritable),
    ],
)
def test_write_errors_are_named(tmp_path: Path, code: int, error: type[Exception]) -> None:
    with pytest.raises(error), disk_errors(tmp_path):
        raise OSError(code, os.strerror(code))


def test_a_full_disk_in_the_words_of_a_library_in_rust_is_named_with_the_folder(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match=str(tmp_path)), disk_errors(tmp_path):
        raise Exception("No space left on device (os error 28)")


def test_a_full_disk_under_a_sqlite_file_is_named_with_the_folder(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "spool.sqlite")) as database:
        database.execute("CREATE TABLE texts (text TEXT)")
        # as full as a disk, in SQLite's own words
        database.execute("PRAGMA max_page_count=2")
        with pytest.raises(DiskFull, match=str(tmp_path)), disk_errors(tmp_path):
            database.execute("INSERT INTO texts VALUES (?)", ["x" * 100_000])


def test_another_error_of_sqlite_passes(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "spool.sqlite")) as database,
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        disk_errors(tmp_path),
    ):
        database.execute("SELECT * FROM texts")


def test_an_error_that_has_nothing_to_do_with_disks_passes(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="bug"), disk_errors(tmp_path):
        raise RuntimeError("bug")


def test_an_fsync_error_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: int) -> None:
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr(storage.os, "fsync", failing)
    with pytest.raises(NotWritable):
        published(tmp_path / "a", one="1")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_publishes_nothing(tmp_path: Path) -> None:
    # RLIMIT_FSIZE makes the kernel refuse the write itself, as a full disk does
    script = """
import resource, signal, sys
from pathlib import Path
from shared.storage import DiskFull, stage
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    with stage(Path(sys.argv[1])) as staged:
        (staged.path / "big").write_bytes(b"x" * 100_000)
        staged.publish()
except DiskFull:
    sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "a")], check=False)
    assert done.returncode == 7
    assert list(tmp_path.iterdir()) == []


def test_a_kill_at_any_moment_leaves_whole_folders_or_stages_only(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from shared.storage import stage
number = 0
while True:
    with stage(Path(sys.argv[1]) / f"a{number}") as staged:
        for name in range(5):
            (staged.path / f"{name}").write_bytes(b"x" * 50_000)
        staged.publish()
    number += 1
"""
    for delay in (0.3, 0.37, 0.41, 0.46, 0.5):
        process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / str(delay))])
        time.sleep(delay + 0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        folders = list((tmp_path / str(delay)).iterdir()) if (tmp_path / str(delay)).exists() else []
        for folder in folders:
            if not folder.name.startswith(storage.STAGE_PREFIX):
                verify_folder(folder)
        assert len(sweep_stages(tmp_path / str(delay))) <= 1


@pytest.mark.parametrize("asked", ["../x", "/etc/passwd", "a/../../x", "a\0b"])
def test_a_path_that_leaves_its_root_is_refused(tmp_path: Path, asked: str) -> None:
    with pytest.raises(PathNotAllowed):
        confined(tmp_path, asked)


@pytest.mark.parametrize("asked", ["x" * 256, "a/" + "ä" * 128 + "/b", "ä" * 127 + ".x"])
def test_a_name_that_no_file_can_have_is_refused_before_the_file_system_is_asked(tmp_path: Path, asked: str) -> None:
    with pytest.raises(PathNotAllowed, match="more than 255 bytes"):
        confined(tmp_path, asked)
    assert confined(tmp_path, "x" * 255) == tmp_path.resolve() / ("x" * 255)


@given(st.text(max_size=40))
def test_no_text_ever_leads_out_of_the_root(asked: str) -> None:
    root = Path("/nonexistent-root/folder")
    try:
        found = confined(root, asked)
    except (PathNotAllowed, UnicodeEncodeError, OSError):
        return
    assert found.is_relative_to(root)


def test_folders_are_made_with_their_parents_and_each_is_made_known_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(storage, "fsync_folder", synced.append)
    storage.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert synced == [tmp_path, tmp_path / "a"]
    storage.make_folder(tmp_path / "a" / "b")
    assert len(synced) == 2
