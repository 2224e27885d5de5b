"""Training runs for tests: records on disk, contexts, and a reporter that remembers and can ask to stop."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from backend.training.trainers.base import StopReason, TrainingContext, TrainingData
from backend.training.trainers.registry import trainer_for
from backend.training.training_config import TrainingConfig
from shared.models.adapter import Adapter
from shared.storage import sha256_file, stage
from shared.utils.clock import utc_now


def write_jsonl(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """Write one record per line."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


class RecordingReporter:
    """Remembers everything it is told.

    Args:
        stop: What to ask for.
        stop_after_step: Ask once this step was reported; 0 asks from the beginning.
    """

    def __init__(self, *, stop: StopReason | None = None, stop_after_step: int = 0) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._stop = stop
        self._stop_after_step = stop_after_step
        self._step = 0

    def plan(self, *, total_steps: int, total_epochs: int, start_step: int, facts: Mapping[str, Any]) -> None:
        self.calls.append(
            ("plan", {"total_steps": total_steps, "total_epochs": total_epochs, "start_step": start_step, **facts})
        )

    def step(self, *, step: int, epoch: int, metrics: Mapping[str, float]) -> None:
        self._step = step
        self.calls.append(("step", {"step": step, "epoch": epoch, **metrics}))

    def evaluation(self, *, step: int, metrics: Mapping[str, float]) -> None:
        self.calls.append(("evaluation", {"step": step, **metrics}))

    def checkpoint(self, *, step: int, path: Path, manifest_sha256: str, loss: float | None) -> None:
        self.calls.append(
            ("checkpoint", {"step": step, "path": path, "manifest_sha256": manifest_sha256, "loss": loss})
        )

    def message(self, text: str) -> None:
        self.calls.append(("message", {"text": text}))

    def alive(self) -> None:
        self.calls.append(("alive", {}))

    def stop_requested(self) -> StopReason | None:
        return self._stop if self._step >= self._stop_after_step else None

    def of(self, kind: str) -> list[dict[str, Any]]:
        """All calls of one kind, in order."""
        return [fields for name, fields in self.calls if name == kind]

    @property
    def messages(self) -> str:
        """All messages, one per line."""
        return "\n".join(fields["text"] for fields in self.of("message"))


def make_context(
    root: Path,
    base: Path,
    train: Path,
    *,
    validation: Path | None = None,
    config: Mapping[str, Any] | None = None,
    name: str = "a",
    claim_epoch: int = 1,
    save_every_steps: int = 1000,
    resume_dirs: tuple[Path, ...] = (),
    is_offline: bool = True,
    chat_template: str | None = None,
) -> TrainingContext:
    """The context of an attempt; equal `name` means the same job folder, as for a second attempt."""
    job_dir, adapter_dir = root / f"job-{name}", root / f"adapter-{name}-e{claim_epoch}"
    scratch_dir = root / f"scratch-{name}-e{claim_epoch}"
    for folder in (job_dir, adapter_dir, scratch_dir):
        folder.mkdir(parents=True, exist_ok=True)
    return TrainingContext(
        job_id=f"job_{name}",
        job_name=f"run {name}",
        claim_epoch=claim_epoch,
        config=TrainingConfig.parse(config or {}),
        data=TrainingData(train, validation, None, sha256_file(train) if train.exists() else ""),
        base_model=str(base),
        is_offline=is_offline,
        job_dir=job_dir,
        scratch_dir=scratch_dir,
        adapter_dir=adapter_dir,
        save_every_steps=save_every_steps,
        cpu_threads=1,
        resume_dirs=resume_dirs,
        chat_template=chat_template,
    )


def train_adapter(
    root: Path, base: Path, train: Path, config: Mapping[str, Any], *, name: str = "a", trainer_type: str = "lora"
) -> Adapter:
    """Train, publish, and return the row that the database would have; nothing is stored."""
    context = make_context(root, base, train, config=config, name=name)
    trained = trainer_for(trainer_type).train(context, RecordingReporter())
    with stage(root / "adapters" / name) as staged:
        shutil.copytree(context.adapter_dir, staged.path, dirs_exist_ok=True)
        manifest = staged.publish()
    return Adapter(
        adapter_id=f"adp_{name}",
        job_id=context.job_id,
        name=context.job_name,
        path=str(staged.target),
        manifest_sha256=manifest.sha256,
        trainer_type=trainer_type,
        base_model=base.name,
        base_model_digest=trained.base_model_digest,
        created_at=utc_now(),
        created_by="tina@amt.example",
    )
