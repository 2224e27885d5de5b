"""Whatever happens to the newest checkpoint: it is loaded as it was saved, or passed over for the next older one."""

import json
import os
import pickle
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.training.utils.checkpoint import (
    CheckpointContent,
    Resumption,
    load_newest,
    newest_valid,
    save_checkpoint,
)
from backend.training.utils.checkpoint_retention import prune
from backend.training.utils.tensor_files import read_arrays
from shared.storage import sha256_file

Array = np.typing.NDArray[Any]
SHAPES = {"w": (3, 4)}
OLD, NEW = "step-000010.e1", "step-000020.e1"
FILES = ["adapter.safetensors", "optimizer.safetensors", "random.safetensors", "state.json", "training_log.jsonl"]


def save(folder: Path, step: int) -> None:
    content = CheckpointContent(
        step=step,
        weights={"w": np.full((3, 4), step, dtype=np.float32)},
        best_weights=None,
        optimizer={"w|first": np.ones((3, 4), dtype=np.float32)},
        state={"progress": {"step": step}},
        log=[{"step": step}],
    )
    save_checkpoint(folder, content, claim_epoch=1, identity="run")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints; tests copy them."""
    folder = tmp_path_factory.mktemp("pair")
    save(folder, 10)
    save(folder, 20)
    return folder


@pytest.fixture
def copied(pair: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pair, tmp_path / "checkpoints")


def load(folder: Path) -> Resumption[Array]:
    return load_newest([folder], identity="run", read=read_arrays, shapes=SHAPES)


def assert_whole(found: Resumption[Array], step: int) -> None:
    assert found.content is not None
    assert (found.content.step, found.content.state, found.content.log) == (
        step,
        {"progress": {"step": step}},
        [{"step": step}],
    )
    assert (found.content.weights["w"] == step).all()


def signed(folder: Path) -> None:
    """Write a manifest that fits what lies there now: damage by somebody who knows how."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {
        path.name: {"size_bytes": path.stat().st_size, "sha256": sha256_file(path)}
        for path in folder.iterdir()
        if path.name != "manifest.json"
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


@given(data=st.data())
def test_any_flipped_or_missing_or_added_bytes_lead_to_the_older_one(pair: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(shutil.copytree(pair, Path(scratch) / "c"))
        file = folder / NEW / data.draw(st.sampled_from([*FILES, "manifest.json"]))
        raw = bytearray(file.read_bytes())
        kind = data.draw(st.sampled_from(["flip", "cut", "append", "zeros"]))
        at = data.draw(st.integers(0, len(raw) - 1))
        if kind == "flip":
            raw[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "cut":
            del raw[at:]
        elif kind == "append":
            raw += data.draw(st.binary(min_size=1, max_size=20))
        else:
            # what a file system leaves of blocks that never reached the disk
            raw[at:] = bytes(len(raw) - at)
        is_same = bytes(raw) == file.read_bytes()
        file.write_bytes(bytes(raw))
        found = load(folder)
        # a manifest may change in ways that say the same, such as white space at its end
        if found.path == folder / NEW:
            assert is_same or file.name == "manifest.json"
            assert_whole(found, 20)
        else:
            assert_whole(found, 10)
            assert found.skipped[0][0] == folder / NEW
            assert found.skipped[0][1]
        prune(folder, keep=1, identity="run")
        assert newest_valid([folder], identity="run").newest is not None


@given(content=st.binary(max_size=200), name=st.sampled_from(FILES))
def test_any_content_under_a_fitting_manifest_is_loaded_or_passed_over(pair: Path, content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(shutil.copytree(pair, Path(scratch) / "c"))
        (folder / NEW / name).write_bytes(content)
        signed(folder / NEW)
        found = load(folder)
        assert found.content is not None
        assert (found.content.weights["w"] == found.content.step).all()


def header(entries: dict[str, Any], tensors: bytes = b"", *, length: int | None = None) -> bytes:
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + tensors


class Executed:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def entry(**changes: Any) -> dict[str, Any]:
    return {"w": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48], **changes}}


LIES = {
    "a header longer than the file": header(entry(), bytes(48), length=1 << 40),
    "a header of 2^63 bytes": header(entry(), bytes(48), length=1 << 63),
    "offsets behind the end": header(entry(data_offsets=[0, 4800]), bytes(48)),
    "offsets backwards": header(entry(data_offsets=[48, 0]), bytes(48)),
    "negative offsets": header(entry(data_offsets=[-48, 0]), bytes(48)),
    "a shape of exabytes": header(entry(shape=[1 << 40, 1 << 40]), bytes(48)),
    "a shape that overflows": header(entry(shape=[1 << 62, 8]), bytes(48)),
    "an unknown type": header(entry(dtype="PICKLE"), bytes(48)),
    "bytes of nobody": header(entry(), bytes(96)),
    "overlapping tensors": header({**entry(), "v": entry()["w"]}, bytes(48)),
    "another name": header({"v": entry()["w"]}, bytes(48)),
    "another shape": header(entry(shape=[4, 3]), bytes(48)),
    "no header": b"",
    "text": b"no tensors at all",
    "deep JSON": struct.pack("<Q", 200_000) + b"[" * 200_000,
}


@pytest.mark.parametrize("lie", LIES)
def test_weights_with_a_header_that_lies_are_passed_over(copied: Path, lie: str) -> None:
    (copied / NEW / "adapter.safetensors").write_bytes(LIES[lie])
    signed(copied / NEW)
    found = load(copied)
    assert_whole(found, 10)
    assert [path.name for path, _ in found.skipped] == [NEW]


@pytest.mark.parametrize("name", [*FILES, "optimizer.pt", "rng_state.pth"])
def test_a_pickle_under_any_name_is_never_opened(copied: Path, tmp_path: Path, name: str) -> None:
    trap = tmp_path / "executed"
    (copied / NEW / name).write_bytes(pickle.dumps(Executed(trap)))
    signed(copied / NEW)
    assert_whole(load(copied), 10)
    assert not trap.exists()


STATES = {
    "no object": b"[]",
    "no state": b'{"random": {}}',
    "no generators": b'{"state": {"progress": {}}}',
    "a generator of text": b'{"state": {}, "random": {"python": {"version": 3, "words": "abc", "gauss": null}}}',
    "too few words": b'{"state": {}, "random": {"python": {"version": 3, "words": [1], "gauss": null}}}',
    "words that are too large": json.dumps(
        {"state": {}, "random": {"python": {"version": 3, "words": [1 << 80] * 625, "gauss": None}}}
    ).encode(),
    "deep JSON": b"[" * 200_000,
    "no UTF-8": b'{"state": "\xff"}',
}


@pytest.mark.parametrize("state", STATES)
def test_a_state_that_says_nothing_useful_is_passed_over(copied: Path, state: str) -> None:
    (copied / NEW / "state.json").write_bytes(STATES[state])
    signed(copied / NEW)
    assert_whole(load(copied), 10)


def links(copied: Path) -> Iterator[Callable[[], None]]:
    new, old = copied / NEW, copied / OLD

    def link_file() -> None:
        (new / "state.json").unlink()
        (new / "state.json").symlink_to(old / "state.json")

    def link_manifest() -> None:
        (new / "manifest.json").rename(copied / "m")
        (new / "manifest.json").symlink_to(copied / "m")

    def link_folder() -> None:
        new.rename(copied / "elsewhere")
        new.symlink_to(copied / "elsewhere")

    def pipe() -> None:
        (new / "state.json").unlink()
        os.mkfifo(new / "state.json")

    def pipe_as_manifest() -> None:
        (new / "manifest.json").unlink()
        os.mkfifo(new / "manifest.json")

    yield from (link_file, link_manifest, link_folder, pipe, pipe_as_manifest)


@pytest.mark.parametrize("number", range(5))
def test_links_and_pipes_are_passed_over(copied: Path, number: int) -> None:
    list(links(copied))[number]()
    assert_whole(load(copied), 10)


@settings(max_examples=25)
@given(damaged=st.sets(st.integers(1, 5)), keep=st.integers(1, 5))
def test_pruning_never_takes_the_newest_valid_one(tmp_path_factory: Any, damaged: set[int], keep: int) -> None:
    folder = tmp_path_factory.mktemp("many")
    for step in range(1, 6):
        save(folder, step)
    for step in damaged:
        (folder / f"step-{step:06d}.e1" / "state.json").write_text("{}")
    valid = [step for step in range(1, 6) if step not in damaged]
    prune(folder, keep=keep, identity="run")
    newest = newest_valid([folder], identity="run").newest
    assert (newest.step if newest else None) == (max(valid) if valid else None)
    kept = {int(path.name[5:11]) for path in folder.iterdir()}
    if valid:
        assert kept == {*range(6 - keep, 6), max(valid)}
    else:
        assert kept == {1, 2, 3, 4, 5}
