"""The trainer process: `python -m backend.training.workers.trainer.main`, or forked from the warm parent.

It reads one order from stdin, trains, evaluates on held-out text, publishes the adapter folder and says so on stdout.
When stdin closes the supervisor is gone: the process ends itself at once, since its claim will be given to another.
An order for several processes is led by this one and carried out by ranks, each of which does what is told here.
"""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.common.logging import log_in_words
from backend.common.parent_pipe import ORPHANED_EXIT_CODE, ParentPipe
from backend.training.trainers.base import StopReason, TrainingContext, TrainingOutcome, TrainingStopped
from backend.training.trainers.registry import trainer_for
from backend.training.training_config import TrainingConfig
from backend.training.utils.laps import Laps
from backend.training.utils.quiet_libraries import quieten_libraries
from backend.training.utils.ranks import SOLE, RankLost, Ranks, joined
from backend.training.workers.last_words import last_words
from backend.training.workers.memory import limit_memory
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.trainer.diary import Diary
from backend.training.workers.trainer.rank_launch import meeting_folder
from backend.training.workers.trainer.rank_leader import HELLO, RankLeader, end_as
from backend.training.workers.trainer.report import build_report
from shared.storage import Manifest, disk_errors, stage

logger = logging.getLogger(__name__)

_SIGN_EVERY_S = 1.0
_LEADER_ACTS_S = 60.0


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


class FurtherRankReporter(PipeReporter):
    """Of a rank that is not the first: what all ranks could say is said once, but an error may be of one alone."""

    def send(self, kind: MessageType, **fields: Any) -> None:
        """Write an error; drop all else."""
        if kind is MessageType.ERROR:
            super().send(kind, **fields)


def main() -> int:
    """Run one order; the exit code is 0 whenever the outcome was reported."""
    laps = Laps()
    # nothing but computing happens between the start of a process and here
    laps.lap("process", seconds=time.process_time())
    pipe = ParentPipe()
    limit_memory()
    quieten_libraries()
    log_in_words()
    order = TrainingOrder.from_message(pipe.order())
    if order.num_processes > 1:
        return end_as(RankLeader(order, pipe, _as_rank).run())
    diary = Diary(order.history)
    reporter = PipeReporter(pipe, diary)
    # a service manager may tell every process of the service to stop: the trainer then hands back as well
    signal.signal(signal.SIGTERM, lambda *_: reporter.take({"stop": StopReason.HAND_BACK}))
    _carry_out(order, pipe, reporter, lambda: _run(order, reporter, diary, laps))
    return 0


def _as_rank(connections: Sequence[socket.socket], started: float) -> None:
    """One of several processes of a run, started by its leader.

    Args:
        connections: Of all ranks to the leader.
        started: When the leader began (seconds since 1970).
    """
    # the leader hears it too, and asks the first rank to hand back
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    rank, count = int(os.environ["RANK"]), len(connections)
    for other in (one for number, one in enumerate(connections) if number != rank):
        other.close()
    pipe = ParentPipe(connections[rank])
    pipe.send({"type": HELLO, "pid": os.getpid()})
    limit_memory(count)
    quieten_libraries()
    log_in_words(f"rank {rank} ")
    laps = Laps()
    laps.lap("ranks", seconds=time.time() - started)
    order = TrainingOrder.from_message(pipe.order())
    diary = Diary(order.history)
    reporter = PipeReporter(pipe, diary) if rank == 0 else FurtherRankReporter(pipe, diary)

    def run() -> None:
        with joined(rank, count, meeting_folder(order) / "ranks") as ranks:
            _run(order, reporter, diary, laps, ranks)

    _carry_out(order, pipe, reporter, run)


def _carry_out(order: TrainingOrder, pipe: ParentPipe, reporter: PipeReporter, run: Callable[[], None]) -> None:
    """Run, and say how it ended."""
    pipe.listen(reporter.take)
    reporter.send(MessageType.READY, pid=os.getpid())
    try:
        run()
    except TrainingStopped as stopped:
        reporter.send(MessageType.STOPPED, reason=stopped.reason)
    except RankLost:
        # another rank knows why, or died of it; the leader ends us once it has seen which one
        logger.exception("training.rank_lost")
        time.sleep(_LEADER_ACTS_S)
        sys.exit(ORPHANED_EXIT_CODE)
    except Exception as error:
        # the one broad catch around a trainer: the traceback goes to the job's log, the reason to the job
        words = last_words(error, Path(order.job_dir))
        logger.exception("training.failed", extra={"code": words.code})
        reporter.send(MessageType.ERROR, **words.as_fields())


def _run(order: TrainingOrder, reporter: PipeReporter, diary: Diary, laps: Laps, ranks: Ranks = SOLE) -> None:
    scratch = Path(order.job_dir) / "scratch" / f"e{order.claim_epoch}"
    with disk_errors(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    trainer = trainer_for(order.trainer_type)
    if not ranks.is_first:
        trainer.train(_context(order, scratch, scratch, laps, ranks), reporter)
        return
    with stage(Path(order.adapter_path)) as staged:
        context = _context(order, scratch, staged.path, laps, ranks)
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


def _context(order: TrainingOrder, scratch: Path, adapter_dir: Path, laps: Laps, ranks: Ranks) -> TrainingContext:
    return TrainingContext(
        job_id=order.job_id,
        job_name=order.job_name,
        claim_epoch=order.claim_epoch,
        config=TrainingConfig.parse(order.config),
        data=order.data,
        base_model=order.base_model,
        chat_template=order.chat_template,
        is_offline=order.is_offline,
        job_dir=Path(order.job_dir),
        scratch_dir=scratch,
        adapter_dir=adapter_dir,
        save_every_steps=order.save_every_steps,
        cpu_threads=order.cpu_threads,
        resume_dirs=tuple(Path(folder) for folder in order.resume_dirs),
        token_cache=order.token_cache,
        laps=laps,
        ranks=ranks,
    )


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
        "num_processes": order.num_processes,
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
