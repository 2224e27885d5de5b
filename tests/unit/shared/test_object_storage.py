"""Folders copied to where others fetch them."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest

from shared import object_storage
from shared.object_storage import (
    NotPublished,
    TargetHoldsOther,
    TargetNotAllowed,
    Targets,
    copy_folder,
    targets_of,
    verify_copy,
)
from shared.storage import CorruptArtefact, PathNotAllowed, stage, verify_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "export"
    with stage(target) as staged:
        (staged.path / "data").mkdir()
        (staged.path / "data" / "train.jsonl").write_bytes(b'{"text": "a"}\n' * 1000)
        (staged.path / "README.md").write_bytes(b"# x\n")
        staged.publish({"n": 1})
    return target


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "file":
        yield f"file://{tmp_path}/share/dataset_1/jsonl"
        return
    name = f"/{uuid4().hex}"
    yield f"memory:/{name}/dataset_1/jsonl"
    fsspec.filesystem("memory").rm(name, recursive=True)


def test_a_copy_holds_every_file_and_the_manifest(folder: Path, url: str) -> None:
    done = copy_folder(folder, url)

    assert (done.file_count, done.url) == (3, url)
    assert done.manifest_sha256 == verify_folder(folder).sha256
    assert verify_copy(url, folder)


def test_copying_again_changes_nothing(folder: Path, url: str) -> None:
    assert copy_folder(folder, url) == copy_folder(folder, url)


def test_a_copy_on_a_share_is_a_published_folder_there(folder: Path, tmp_path: Path) -> None:
    copy_folder(folder, f"file://{tmp_path}/share/x")

    assert verify_folder(tmp_path / "share" / "x").sha256 == verify_folder(folder).sha256


def test_another_publication_is_never_overwritten(folder: Path, url: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with stage(other) as staged:
        (staged.path / "README.md").write_bytes(b"# y\n")
        staged.publish()
    copy_folder(folder, url)

    with pytest.raises(TargetHoldsOther):
        copy_folder(other, url)
    assert verify_copy(url, folder)


def test_bytes_that_arrive_otherwise_are_found_and_no_manifest_is_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaging(system: Any, source: Path, target: str) -> None:
        with system.open(target, "wb") as stream:
            stream.write(source.read_bytes()[:-1] + b"!")

    monkeypatch.setattr(object_storage, "_copy", damaging)

    with pytest.raises(NotPublished, match="other bytes"):
        copy_folder(folder, f"file://{tmp_path}/share")
    assert not (tmp_path / "share" / "manifest.json").exists()


def test_a_damaged_folder_is_not_sent(folder: Path, tmp_path: Path) -> None:
    (folder / "README.md").write_bytes(b"# z\n")

    with pytest.raises(CorruptArtefact):
        copy_folder(folder, f"file://{tmp_path}/share")
    assert not (tmp_path / "share").exists()


def test_a_target_that_cannot_be_written_says_why(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "share").write_bytes(b"a file")

    with pytest.raises(NotPublished):
        copy_folder(folder, f"file://{tmp_path}/share/x")


def test_a_library_that_is_missing_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)

    with pytest.raises(NotPublished, match="Install s3fs"):
        copy_folder(folder, "s3://bucket/x")


TARGETS = targets_of("s3://clara/published, file:///srv/share/")


@pytest.mark.parametrize("asked", ["s3://clara/published", "s3://clara/published/a/b-1.0/", "file:///srv/share/x"])
def test_places_below_a_prefix_are_open(asked: str) -> None:
    assert TARGETS.resolved(asked) == asked.rstrip("/")


@pytest.mark.parametrize(
    "asked",
    [
        "s3://other/published",
        "s3://clara/published2/x",
        "s3://clara",
        "s3://clara/published/../secret",
        "s3://clara/published/a//b",
        "s3://clara/published/%2e%2e/x",
        "s3://clara/published/x?versionId=1",
        "s3://clara/published/.hidden",
        "s3://clara/published/a b",
        "S3://clara/published/x",
        "s3://key:secret@clara/published/x",
        "simplecache::s3://clara/published/x",
        "file:///srv/share/../../etc",
        "/srv/share/x",
        "memory://x",
        "",
    ],
)
def test_all_other_places_are_refused(asked: str) -> None:
    with pytest.raises(TargetNotAllowed, match="allowed are s3://clara/published"):
        TARGETS.resolved(asked)


def test_a_link_that_leads_out_of_a_share_is_refused(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "out").symlink_to(tmp_path)

    with pytest.raises(PathNotAllowed):
        Targets((f"file://{tmp_path}/share",)).resolved(f"file://{tmp_path}/share/out/x")


def test_without_a_setting_nothing_is_open() -> None:
    with pytest.raises(TargetNotAllowed, match="set CLARA_PUBLISH_TARGETS"):
        targets_of("").resolved("s3://clara/published")


@pytest.mark.parametrize("setting", ["/srv/share", "s3://key:secret@bucket/x", "file:///srv/../x", "s3://b/x?y=1"])
def test_a_setting_that_is_no_plain_url_is_refused(setting: str) -> None:
    with pytest.raises(TargetNotAllowed, match="plain URL"):
        targets_of(setting)


S3_PYTHON = os.environ.get("CLARA_TEST_S3", "")
_S3 = """
import sys
from pathlib import Path
import fsspec
from shared.object_storage import copy_folder, verify_copy
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
fsspec.config.conf["s3"] = {"endpoint_url": f"http://{host}:{port}"}
fsspec.filesystem("s3").mkdir("clara")
folder = Path(sys.argv[1])
first, again = copy_folder(folder, "s3://clara/published/x"), copy_folder(folder, "s3://clara/published/x")
assert first == again
assert verify_copy("s3://clara/published/x", folder)
print(len(fsspec.filesystem("s3").find("clara/published/x")))
server.stop()
"""


@pytest.mark.skipif(not S3_PYTHON, reason="needs a Python with s3fs and moto[server]: CLARA_TEST_S3")
def test_a_copy_lies_in_s3(folder: Path) -> None:
    """Moto is a double of S3: it speaks its protocol in one process, and keeps nothing."""
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**os.environ, **keys, "PYTHONPATH": str(Path(__file__).parents[3])}
    ended = subprocess.run(
        [S3_PYTHON, "-c", _S3, str(folder)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-1] == "3"
