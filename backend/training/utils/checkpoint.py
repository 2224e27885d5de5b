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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from backend.training.utils.random_state import capture_random, restore_random
from backend.training.utils.tensor_files import read_arrays, write_tensors
from shared.storage import CorruptArtefact, stage, verify_folder, write_json

if TYPE_CHECKING:
    import numpy as np
    import torch

T = TypeVar("T", "torch.Tensor", "np.typing.NDArray[Any]")

LOG_NAME = "training_log.jsonl"
_FILES = frozenset(
    {
        "adapter.safetensors",
        "best.safetensors",
        "optimizer.safetensors",
        "random.safetensors",
        "state.json",
        LOG_NAME,
    }
)
# what the libraries raise about content that is not what it should be
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
_FOLDER = re.compile(r"step-(?P<step>\d{6,})\.e(?P<epoch>\d+)")


@dataclass(frozen=True, slots=True)
class NamedFolder:
    """A folder with the name of a checkpoint; what is in it is another question."""

    path: Path
    claim_epoch: int
    step: int


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


@dataclass(frozen=True, slots=True)
class Resumption(Generic[T]):
    """What a run goes on from.

    Args:
        path: Folder of the checkpoint, None to begin at the beginning.
        content: What it holds.
        skipped: Folder and reason of every newer one that was passed over.
    """

    path: Path | None
    content: CheckpointContent[T] | None
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
    target = folder / checkpoint_name(content.step, claim_epoch)
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


def checkpoint_name(step: int, claim_epoch: int) -> str:
    """Name of the folder of a checkpoint."""
    return f"step-{step:06d}.e{claim_epoch}"


def newest_first(folders: Iterable[Path]) -> Iterator[NamedFolder]:
    """Every folder with the name of a checkpoint: within a folder later claims first, then higher steps."""
    for folder in folders:
        entries = list(folder.iterdir()) if folder.is_dir() else []
        named = [(path, _FOLDER.fullmatch(path.name)) for path in entries]
        found = [NamedFolder(path, int(match["epoch"]), int(match["step"])) for path, match in named if match]
        yield from sorted(found, key=lambda one: (one.claim_epoch, one.step), reverse=True)


def newest_valid(folders: Iterable[Path], *, identity: str) -> Search:
    """The checkpoint to go on from.

    The first folder that holds a valid one decides. Within a folder a later claim wins over an earlier one (it went on
    from it, and a worker that lost its claim may still have written), then the higher step.

    Args:
        folders: Checkpoint folders, the job's own first; missing ones are fine.
        identity: Of the run that wants to go on.
    """
    skipped: list[tuple[Path, str]] = []
    for found in newest_first(folders):
        try:
            return Search(_verified(found, identity), skipped)
        except CorruptArtefact as exc:
            skipped.append((found.path, _reason(exc)))
    return Search(None, skipped)


def load_newest(
    folders: Iterable[Path],
    *,
    identity: str,
    read: Callable[[Path], dict[str, T]],
    shapes: Mapping[str, Sequence[int]],
) -> Resumption[T]:
    """Load the newest valid checkpoint and put all random generators where they were.

    One that cannot be loaded although its bytes match its manifest is passed over like a damaged one. Without any the
    generators stay as they are.

    Args:
        folders: As for `newest_valid`.
        identity: Of the run that wants to go on.
        read: `read_tensors` or `read_arrays`.
        shapes: Of the weights that the run trains, by name.
    """
    skipped: list[tuple[Path, str]] = []
    generators = capture_random()
    for found in newest_first(folders):
        try:
            content = _load(_verified(found, identity), read, shapes)
            return Resumption(found.path, content, skipped)
        except CorruptArtefact as exc:
            skipped.append((found.path, _reason(exc)))
            restore_random(*generators)
    return Resumption(None, None, skipped)


def write_log(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write figures as one JSON object per line."""
    lines = (json.dumps(dict(row), sort_keys=True, allow_nan=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def read_log(path: Path) -> list[dict[str, Any]]:
    """Figures that `write_log` wrote."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _verified(found: NamedFolder, identity: str) -> PublishedCheckpoint:
    """The checkpoint, every byte of it compared with its manifest.

    Raises:
        CorruptArtefact: If it is damaged or belongs to another run.
    """
    if found.path.is_symlink():
        raise CorruptArtefact(found.path, "it is a link")
    try:
        manifest = verify_folder(found.path)
    except OSError as exc:
        raise CorruptArtefact(found.path, f"it cannot be read ({exc.strerror or type(exc).__name__})") from exc
    if (manifest.properties.get("step"), manifest.properties.get("claim_epoch")) != (found.step, found.claim_epoch):
        raise CorruptArtefact(found.path, "its name and its manifest do not agree")
    if manifest.properties.get("identity") != identity:
        raise CorruptArtefact(found.path, "it belongs to another config, data set or base model")
    if foreign := sorted(set(manifest.files) - _FILES):
        raise CorruptArtefact(found.path, f"it holds {foreign[0]}, which no checkpoint does")
    return PublishedCheckpoint(found.path, found.step, found.claim_epoch, manifest.sha256)


def _load(
    checkpoint: PublishedCheckpoint, read: Callable[[Path], dict[str, T]], shapes: Mapping[str, Sequence[int]]
) -> CheckpointContent[T]:
    """Everything in a verified checkpoint.

    Raises:
        CorruptArtefact: If it cannot be read, or its weights are not those of the run.
    """
    from safetensors import SafetensorError

    try:
        content, generators = _parsed(checkpoint, read)
        found = {name: tuple(getattr(weight, "shape", ())) for name, weight in content.weights.items()}
        if found != {name: tuple(shape) for name, shape in shapes.items()}:
            raise CorruptArtefact(checkpoint.path, "its weights have other names or shapes than those of the run")
        restore_random(*generators)
    except (SafetensorError, *_UNREADABLE) as exc:
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0][:200]
        raise CorruptArtefact(checkpoint.path, f"it cannot be loaded ({reason})") from exc
    return content


def _parsed(checkpoint: PublishedCheckpoint, read: Callable[[Path], dict[str, T]]) -> tuple[CheckpointContent[T], Any]:
    folder = checkpoint.path
    saved = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    best = folder / "best.safetensors"
    content = CheckpointContent(
        step=checkpoint.step,
        weights=read(folder / "adapter.safetensors"),
        best_weights=read(best) if best.exists() else None,
        optimizer=read(folder / "optimizer.safetensors"),
        state=dict(saved["state"]),
        log=read_log(folder / LOG_NAME),
    )
    return content, (saved["random"], read_arrays(folder / "random.safetensors"))


def _reason(error: CorruptArtefact) -> str:
    return str(error.context["reason"])
