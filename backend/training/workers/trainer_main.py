"""The trainer process: `python -m backend.training.workers.trainer_main`, or forked from the warm parent.

It reads one order from stdin, trains, evaluates on held-out text, publishes the adapter folder and says so on stdout.
When stdin closes the supervisor is gone: the process ends itself at once, since its claim will be given to another.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.common.parent_pipe import ParentPipe
from backend.training.trainers.base import StopReason, TrainingContext, TrainingOutcome, TrainingStopped
from backend.training.trainers.registry import trainer_for
from backend.training.training_config import TrainingConfig
from backend.training.utils.laps import Laps
from backend.training.workers.diary import Diary
from backend.training.workers.last_words import last_words
from backend.training.workers.memory import limit_memory
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.quiet_libraries import quieten_libraries
from backend.training.workers.report import build_report
from shared.storage import Manifest, disk_errors, stage

logger = logging.getLogger(__name__)

_SIGN_EVERY_S = 1.0


class PipeReporter:
    """Reports over the pipe and listens for stop requests; implements `Reporter`.

    Args:
        pipe: To the supervisor.
        diary: Keeps what the report of the run will tell.
    """

    def __init__(self, pipe: ParentPipe, diary: Diary) -> None:
        self._pipe = pipe
        self._diary = diary
        self._stop: StopReason | None = None
        self._last_sign = time.monotonic()

    def send(self, kind: MessageType, **fields: Any) -> None:
        """Write one message."""
        self._pipe.send({"type": kind, **fields})

    def take(self, request: Mapping[str, Any]) -> None:
        """Follow a line of the supervisor; nothing takes a cancel back."""
        if self._stop is not StopReason.CANCEL:
            self._stop = StopReason(request["stop"])

    def plan(self, *, total_steps: int, total_epochs: int, start_step: int, facts: Mapping[str, Any]) -> None:
        """Announce the size of the run."""
        self.send(
            MessageType.PLAN, total_steps=total_steps, total_epochs=total_epochs, start_step=start_step, facts=facts
        )

    def step(self, *, step: int, epoch: int, metrics: Mapping[str, float]) -> None:
        """Report a logged step."""
        self.send(MessageType.STEP, step=step, epoch=epoch, metrics=metrics)

    def evaluation(self, *, step: int, metrics: Mapping[str, float]) -> None:
        """Report figures on the validation split."""
        self.send(MessageType.EVALUATION, step=step, metrics=metrics)

    def checkpoint(self, *, step: int, path: Path, manifest_sha256: str, loss: float | None) -> None:
        """Report a published checkpoint."""
        self._diary.checkpoint(step, path, loss)
        self.send(MessageType.CHECKPOINT, step=step, path=str(path), manifest_sha256=manifest_sha256, loss=loss)

    def message(self, text: str) -> None:
        """Say something a person should read."""
        self._diary.message(text)
        self.send(MessageType.MESSAGE, text=text)

    def alive(self) -> None:
        """Say that the trainer gets on, at most once a second."""
        now = time.monotonic()
        if now - self._last_sign >= _SIGN_EVERY_S:
            self._last_sign = now
            self.send(MessageType.ALIVE)

    def stop_requested(self) -> StopReason | None:
        """The stop request, if one came."""
        return self._stop


def main() -> int:
    """Run one order; the exit code is 0 whenever the outcome was reported."""
    laps = Laps()
    # nothing but computing happens between the start of a process and here
    laps.lap("process", seconds=time.process_time())
    pipe = ParentPipe()
    limit_memory()
    quieten_libraries()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    order = TrainingOrder.from_message(pipe.order())
    diary = Diary(order.history)
    reporter = PipeReporter(pipe, diary)
    # a service manager may tell every process of the service to stop: the trainer then hands back as well
    signal.signal(signal.SIGTERM, lambda *_: reporter.take({"stop": StopReason.HAND_BACK}))
    pipe.listen(reporter.take)
    reporter.send(MessageType.READY, pid=os.getpid())
    try:
        _run(order, reporter, diary, laps)
    except TrainingStopped as stopped:
        reporter.send(MessageType.STOPPED, reason=stopped.reason)
    except Exception as error:
        # the one broad catch around a trainer: the traceback goes to the job's log, the reason to the job
        words = last_words(error, Path(order.job_dir))
        logger.exception("training.failed", extra={"code": words.code})
        reporter.send(MessageType.ERROR, code=words.code, message=words.message, is_retryable=words.is_retryable)
    return 0


def _run(order: TrainingOrder, reporter: PipeReporter, diary: Diary, laps: Laps) -> None:
    config = TrainingConfig.parse(order.config)
    scratch = Path(order.job_dir) / "scratch" / f"e{order.claim_epoch}"
    with disk_errors(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    with stage(Path(order.adapter_path)) as staged:
        context = TrainingContext(
            job_id=order.job_id,
            job_name=order.job_name,
            claim_epoch=order.claim_epoch,
            config=config,
            data=order.data,
            base_model=order.base_model,
            chat_template=order.chat_template,
            is_offline=order.is_offline,
            job_dir=Path(order.job_dir),
            scratch_dir=scratch,
            adapter_dir=staged.path,
            save_every_steps=order.save_every_steps,
            cpu_threads=order.cpu_threads,
            resume_dirs=tuple(Path(folder) for folder in order.resume_dirs),
            token_cache=order.token_cache,
            laps=laps,
        )
        trainer = trainer_for(order.trainer_type)
        outcome = trainer.train(context, reporter)
        figures = build_report(
            context,
            outcome,
            reporter,
            about=lambda: _about(order, diary),
            is_of_language_model=trainer.needs_inputs,
        )
        metrics = {**outcome.metrics, **figures}
        manifest = staged.publish(_properties(order, outcome))
    _announce(order, outcome, metrics, manifest, reporter)


def _about(order: TrainingOrder, diary: Diary) -> dict[str, Any]:
    return {"adapter_id": order.adapter_id, "trainer_type": order.trainer_type, "history": diary.as_json()}


def _properties(order: TrainingOrder, outcome: TrainingOutcome) -> dict[str, Any]:
    return {
        "kind": "lora_adapter",
        "adapter_id": order.adapter_id,
        "job_id": order.job_id,
        "claim_epoch": order.claim_epoch,
        "base_model_digest": outcome.base_model_digest,
        "dataset_id": order.dataset_id,
        "dataset_sha256": order.content_sha256,
    }


def _announce(
    order: TrainingOrder,
    outcome: TrainingOutcome,
    metrics: Mapping[str, Any],
    manifest: Manifest,
    reporter: PipeReporter,
) -> None:
    reporter.send(
        MessageType.PUBLISHED,
        adapter_id=order.adapter_id,
        path=order.adapter_path,
        manifest_sha256=manifest.sha256,
        base_model_digest=outcome.base_model_digest,
        steps=outcome.steps,
        epochs=outcome.epochs,
        metrics=metrics,
    )


if __name__ == "__main__":
    sys.exit(main())
