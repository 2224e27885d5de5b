"""The checkpoints of one run, as every trainer uses them: saved and told, found again and told, old ones removed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from backend.training.trainers.base import Reporter, TrainingContext
from backend.training.utils.checkpoint import CheckpointContent, checkpoint_name, load_newest, save_checkpoint
from backend.training.utils.checkpoint_retention import prune, sweep

if TYPE_CHECKING:
    import numpy as np
    import torch

T = TypeVar("T", "torch.Tensor", "np.typing.NDArray[Any]")


class RunCheckpoints:
    """Checkpoints of the attempt that `context` describes.

    Args:
        context: Says where they lie and how many are kept.
        reporter: Told of every published one and of every one that is passed over.
        identity: Hash of all that decides the course of the run.
    """

    def __init__(self, context: TrainingContext, reporter: Reporter, identity: str) -> None:
        self._folder = context.job_dir / "checkpoints"
        self._searched = tuple(dict.fromkeys((self._folder, *context.resume_dirs)))
        self._claim_epoch = context.claim_epoch
        self._keep = context.config.training.save_total_limit
        self._reporter = reporter
        self._identity = identity
        self._is_writer = context.ranks.is_first
        self._there: set[int] = set()
        self._newest: str | None = None

    @property
    def newest(self) -> str | None:
        """Name of the newest checkpoint that this attempt published or went on from."""
        return self._newest

    def has(self, step: int) -> bool:
        """Whether `step` is kept: published by this claim, or what it went on from."""
        return step in self._there

    def save(self, content: CheckpointContent[T], *, loss: float | None) -> None:
        """Publish a checkpoint, let old ones go, and tell it: who hears of it finds no others than those that are kept.

        Of several ranks the first one writes; the others take note.

        Raises:
            AlreadyPublished: If this claim has published this step.
            DiskFull: If there is no space; the older checkpoints are untouched.
        """
        self._there.add(content.step)
        self._newest = checkpoint_name(content.step, self._claim_epoch)
        if not self._is_writer:
            return
        saved = save_checkpoint(self._folder, content, claim_epoch=self._claim_epoch, identity=self._identity)
        prune(self._folder, keep=self._keep, identity=self._identity)
        self._reporter.checkpoint(step=saved.step, path=saved.path, manifest_sha256=saved.manifest_sha256, loss=loss)

    def load_newest(
        self, read: Callable[[Path], dict[str, T]], shapes: Mapping[str, Sequence[int]]
    ) -> CheckpointContent[T] | None:
        """The newest valid checkpoint, loaded; damaged and foreign ones are passed over and named with the reason.

        What earlier attempts left half written is removed first: this claim is the only one that may write now.

        Args:
            read: `read_tensors` or `read_arrays`.
            shapes: Of the weights that the run trains, by name.
        """
        if self._is_writer:
            sweep(self._folder)
        found = load_newest(self._searched, identity=self._identity, read=read, shapes=shapes)
        for path, reason in found.skipped:
            self._reporter.message(f"Checkpoint {path.name} is passed over: {reason}.")
        if found.path is not None:
            self._reporter.message(f"Going on from checkpoint {found.path.name}.")
            self._newest = found.path.name
            if found.content is not None and found.path.parent == self._folder:
                self._there.add(found.content.step)
        return found.content
