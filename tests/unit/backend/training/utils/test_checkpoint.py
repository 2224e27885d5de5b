"""Checkpoints: whole and verified, or passed over."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from backend.training.utils.checkpoint import (
    CheckpointContent,
    load_newest,
    newest_valid,
    save_checkpoint,
)
from backend.training.utils.checkpoint_retention import prune, sweep
from backend.training.utils.tensor_files import read_tensors
from shared.storage import AlreadyPublished

SHAPES = {"a": (2, 3), "b": (1,)}


def content(step: int) -> CheckpointContent[torch.Tensor]:
    return CheckpointContent(
        step=step,
        weights={"a": torch.full((2, 3), float(step)), "b": torch.tensor([1.5], dtype=torch.bfloat16)},
        best_weights={"a": torch.zeros(2, 3)} if step > 1 else None,
        optimizer={"a|exp_avg": torch.ones(2, 3), "a|step": torch.tensor(float(step))},
        state={"progress": {"step": step}},
        log=[{"step": step, "loss": 0.5}],
    )


def save(folder: Path, step: int, *, claim_epoch: int = 1, identity: str = "run") -> Path:
    return save_checkpoint(folder, content(step), claim_epoch=claim_epoch, identity=identity).path


def test_a_checkpoint_is_read_as_it_was_saved(tmp_path: Path) -> None:
    torch.manual_seed(3)
    path = save(tmp_path, 120, claim_epoch=3)
    expected = torch.rand(2).tolist()
    assert path.name == "step-000120.e3"
    found = newest_valid([tmp_path], identity="run").newest
    assert found is not None
    assert (found.step, found.claim_epoch, found.path) == (120, 3, path)
    loaded = load_newest([tmp_path], identity="run", read=read_tensors, shapes=SHAPES).content
    assert loaded is not None
    assert torch.rand(2).tolist() == expected
    for name, tensor in content(120).weights.items():
        assert torch.equal(loaded.weights[name], tensor)
        assert loaded.weights[name].dtype == tensor.dtype
    assert loaded.optimizer["a|step"] == 120
    assert loaded.best_weights is not None
    assert (loaded.state, loaded.log) == ({"progress": {"step": 120}}, [{"step": 120, "loss": 0.5}])


def test_nothing_is_pickled(tmp_path: Path) -> None:
    path = save(tmp_path, 1)
    assert {file.suffix for file in path.iterdir()} == {".safetensors", ".json", ".jsonl"}


@pytest.mark.parametrize(
    "damage", ["cut", "flip", "lose", "extra", "no manifest", "link", "file", "step-000030.e1", "step-000020.e2"]
)
def test_a_damaged_checkpoint_is_passed_over_with_its_reason(tmp_path: Path, damage: str) -> None:
    older, newer = save(tmp_path, 10), save(tmp_path, 20)
    weights = newer / "adapter.safetensors"
    raw = weights.read_bytes()
    if damage == "cut":
        weights.write_bytes(raw[: len(raw) // 2])
    elif damage == "flip":
        weights.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    elif damage == "lose":
        weights.unlink()
    elif damage == "extra":
        (newer / "x.bin").write_bytes(b"x")
    elif damage == "no manifest":
        (newer / "manifest.json").unlink()
    elif damage == "link":
        newer.rename(tmp_path / "elsewhere")
        newer.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    elif damage == "file":
        shutil.rmtree(newer)
        newer.touch()
    else:
        newer = newer.rename(tmp_path / damage)
    search = newest_valid([tmp_path], identity="run")
    assert search.newest is not None
    assert search.newest.path == older
    assert [path for path, _ in search.skipped] == [newer]
    assert search.skipped[0][1]


def test_a_checkpoint_of_another_run_is_passed_over(tmp_path: Path) -> None:
    save(tmp_path, 10, identity="other")
    search = newest_valid([tmp_path], identity="run")
    assert search.newest is None
    assert "another config" in search.skipped[0][1]


@pytest.mark.parametrize("shapes", [{"a": (2, 3)}, {"a": (3, 2), "b": (1,)}, {**SHAPES, "c": (1,)}])
def test_weights_that_do_not_fit_the_run_are_passed_over(tmp_path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    save(tmp_path, 10)
    found = load_newest([tmp_path], identity="run", read=read_tensors, shapes=shapes)
    assert found.content is None
    assert "other names or shapes" in found.skipped[0][1]


def test_without_a_valid_checkpoint_the_generators_stay_as_they_are(tmp_path: Path) -> None:
    broken = save(tmp_path, 10)
    torch.manual_seed(3)
    expected = torch.rand(2).tolist()
    torch.manual_seed(3)
    assert load_newest([tmp_path], identity="run", read=read_tensors, shapes={}).content is None
    (broken / "state.json").unlink()
    assert load_newest([tmp_path], identity="run", read=read_tensors, shapes=SHAPES).content is None
    assert torch.rand(2).tolist() == expected


def test_what_dead_writers_left_is_swept_and_checkpoints_stay(tmp_path: Path) -> None:
    kept = save(tmp_path, 1)
    for name in (".stage-step-000002.e1.ab12cd34", ".gone-step-000000.e1.ab12cd34"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.json").touch()
    (tmp_path / ".gone-step-000000.e2.ab12cd34").symlink_to(kept)
    assert len(sweep(tmp_path)) == 3
    assert list(tmp_path.iterdir()) == [kept]
    assert newest_valid([tmp_path], identity="run").newest is not None
    assert sweep(tmp_path / "none") == []


def test_a_later_claim_wins_over_a_higher_step_of_a_lost_one(tmp_path: Path) -> None:
    save(tmp_path, 10, claim_epoch=1)
    save(tmp_path, 15, claim_epoch=2)
    save(tmp_path, 40, claim_epoch=1)
    found = newest_valid([tmp_path], identity="run").newest
    assert found is not None
    assert (found.step, found.claim_epoch) == (15, 2)


def test_the_own_folder_comes_first_and_missing_folders_are_fine(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    save(other, 90)
    folders = [tmp_path / "none", own, other]
    assert newest_valid(folders, identity="run").newest.path.parent == other  # type: ignore[union-attr]
    save(own, 5)
    assert newest_valid(folders, identity="run").newest.path.parent == own  # type: ignore[union-attr]


def test_a_claim_never_writes_the_same_step_twice(tmp_path: Path) -> None:
    save(tmp_path, 1)
    with pytest.raises(AlreadyPublished):
        save(tmp_path, 1)


def test_old_checkpoints_go_and_the_newest_valid_one_stays(tmp_path: Path) -> None:
    paths = [save(tmp_path, step) for step in (1, 2, 3, 4)]
    assert sorted(prune(tmp_path, keep=2, identity="run")) == paths[:2]
    assert sorted(tmp_path.iterdir()) == paths[2:]
    for path in paths[2:]:
        (path / "state.json").write_text(json.dumps({}))
    fifth = save(tmp_path, 5)
    (fifth / "state.json").unlink()
    valid = save(tmp_path, 0)
    assert prune(tmp_path, keep=1, identity="run") == [paths[3], paths[2]]
    assert sorted(tmp_path.iterdir()) == [valid, fifth]


def test_nothing_is_removed_while_no_checkpoint_is_valid(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        (save(tmp_path, step) / "state.json").unlink()
    assert prune(tmp_path, keep=1, identity="run") == []
