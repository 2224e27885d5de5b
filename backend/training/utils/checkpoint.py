"""Checkpoints: everything a run needs to go on to the same bytes, published whole, verified before use.

checkpoints/step-000120.e3/    step 120, written under claim epoch 3
    adapter.safetensors        weights being trained
    best.safetensors           weights of the best evaluation so far (absent before the first)
    optimizer.safetensors      moments, by parameter name
    random.safetensors         torch and CUDA generators (empty for a process without torch)
    state.json                 position, counters, schedule, python and numpy generators
    training_log.jsonl         figures up to this step
    manifest.json
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from backend.training.utils.random_state import capture_random, restore_random
from backend.training.utils.tensor_files import read_arrays, read_tensors, write_tensors
from shared.storage import CorruptArtefact, Manifest, stage, verify_folder, write_json

if TYPE_CHECKING:
    import numpy as np
    import torch

T = TypeVar("T", "torch.Tensor", "np.typing.NDArray[Any]")

LOG_NAME = "training_log.jsonl"
_FOLDER = re.compile(r"step-(?P<step>\d{6,})\.e(?P<epoch>\d+)")


@dataclass(frozen=True, slots=True)
class CheckpointContent(Generic[T]):
    """What is saved and loaded, in torch tensors or numpy arrays; random generators are captured and restored.

    Args:
        step: Optimizer steps done.
        weights: Trained parameters by name.
        best_weights: Those of the best evaluation, None before the first.
        optimizer: State tensors by `parameter|key`.
        state: JSON-able counters and position.
        log: Figures of all logged steps.
    """

    step: int
    weights: Mapping[str, T]
    best_weights: Mapping[str, T] | None
    optimizer: Mapping[str, T]
    state: Mapping[str, Any]
    log: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A checkpoint folder whose bytes match its manifest."""

    path: Path
    step: int
    claim_epoch: int
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class Search:
    """Outcome of a search for a checkpoint.

    Args:
        newest: None if there is no valid one.
        skipped: Folder and reason of every newer one that was passed over.
    """

    newest: PublishedCheckpoint | None
    skipped: Sequence[tuple[Path, str]]


def save_checkpoint(
    folder: Path, content: CheckpointContent[T], *, claim_epoch: int, identity: str
) -> PublishedCheckpoint:
    """Publish a checkpoint below `folder`, together with the state of all random generators.

    Args:
        folder: `job_dir / "checkpoints"`.
        content: What to save.
        claim_epoch: Part of the name: two claims never write the same folder.
        identity: Hash of config, data and base model; a checkpoint serves only the run it was made by.

    Raises:
        AlreadyPublished: If this claim has published this step.
        DiskFull: If there is no space; nothing is left behind.
    """
    plain, generators = capture_random()
    target = folder / f"step-{content.step:06d}.e{claim_epoch}"
    with stage(target) as staged:
        write_tensors(staged.path / "adapter.safetensors", content.weights)
        if content.best_weights is not None:
            write_tensors(staged.path / "best.safetensors", content.best_weights)
        write_tensors(staged.path / "optimizer.safetensors", content.optimizer)
        write_tensors(staged.path / "random.safetensors", generators)
        write_json(staged.path / "state.json", {"state": dict(content.state), "random": plain})
        write_log(staged.path / LOG_NAME, content.log)
        manifest = staged.publish({"step": content.step, "claim_epoch": claim_epoch, "identity": identity})
    return PublishedCheckpoint(target, content.step, claim_epoch, manifest.sha256)


def load_checkpoint(checkpoint: PublishedCheckpoint) -> "CheckpointContent[torch.Tensor]":
    """Read a verified checkpoint as torch tensors and put all random generators where they were."""
    return _load(checkpoint, read_tensors)


def load_arrays(checkpoint: PublishedCheckpoint) -> "CheckpointContent[np.typing.NDArray[Any]]":
    """Read a verified checkpoint as numpy arrays and put all random generators where they were."""
    return _load(checkpoint, read_arrays)


def newest_valid(folders: Iterable[Path], *, identity: str) -> Search:
    """The checkpoint to go on from.

    The first folder that holds a valid one decides. Within a folder a later claim wins over an earlier one (it went on
    from it, and a worker that lost its claim may still have written), then the higher step.

    Args:
        folders: Checkpoint folders, the job's own first; missing ones are fine.
        identity: Of the run that wants to go on.
    """
    skipped: list[tuple[Path, str]] = []
    for folder in folders:
        for path, claim_epoch, step in _newest_first(folder):
            reason, manifest = _verified(path, step, identity)
            if manifest is not None:
                return Search(PublishedCheckpoint(path, step, claim_epoch, manifest.sha256), skipped)
            skipped.append((path, reason))
    return Search(None, skipped)


def prune(folder: Path, *, keep: int, identity: str) -> list[Path]:
    """Remove all but the `keep` newest checkpoints; the newest valid one stays even if newer ones are damaged.

    Returns:
        The folders that were removed.
    """
    ordered = [path for path, _, _ in _newest_first(folder)]
    newest = newest_valid([folder], identity=identity).newest
    if newest is None:
        return []
    doomed = [path for path in ordered[keep:] if path != newest.path]
    for path in doomed:
        # renamed first: a folder half removed would look like a damaged checkpoint
        grave = path.with_name(f".gone-{path.name}")
        path.rename(grave)
        shutil.rmtree(grave, ignore_errors=True)
    return doomed


def write_log(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write figures as one JSON object per line."""
    lines = (json.dumps(dict(row), sort_keys=True, allow_nan=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def read_log(path: Path) -> list[dict[str, Any]]:
    """Figures that `write_log` wrote."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _load(checkpoint: PublishedCheckpoint, read: Callable[[Path], dict[str, T]]) -> CheckpointContent[T]:
    folder = checkpoint.path
    saved = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    best = folder / "best.safetensors"
    content = CheckpointContent(
        step=checkpoint.step,
        weights=read(folder / "adapter.safetensors"),
        best_weights=read(best) if best.exists() else None,
        optimizer=read(folder / "optimizer.safetensors"),
        state=saved["state"],
        log=read_log(folder / LOG_NAME),
    )
    restore_random(saved["random"], read_arrays(folder / "random.safetensors"))
    return content


def _newest_first(folder: Path) -> list[tuple[Path, int, int]]:
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _FOLDER.fullmatch(path.name)
        if match and path.is_dir():
            found.append((path, int(match["epoch"]), int(match["step"])))
    return sorted(found, key=lambda entry: entry[1:], reverse=True)


def _verified(path: Path, step: int, identity: str) -> tuple[str, Manifest | None]:
    try:
        manifest = verify_folder(path)
    except CorruptArtefact as exc:
        return str(exc.context["reason"]), None
    except OSError as exc:
        return f"it cannot be read ({exc.strerror or type(exc).__name__})", None
    if manifest.properties.get("step") != step:
        return "its name and its manifest name different steps", None
    if manifest.properties.get("identity") != identity:
        return "it belongs to another config, data set or base model", None
    return "", manifest
