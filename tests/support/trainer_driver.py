"""The real trainer process, driven over its pipes without a service: orders, messages, kills."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backend.common.json_lines import decode, encode
from backend.training.training_config import TrainingConfig
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.trainer_process import TRAINER_COMMAND
from shared.storage import sha256_file

ROOT = Path(__file__).resolve().parents[2]


def probe_order(root: Path, config: Mapping[str, Any] | None = None, *, name: str = "a") -> TrainingOrder:
    """The order of the first attempt of a probe below `root`."""
    return TrainingOrder(
        job_id=f"job_{name}",
        job_name=f"run {name}",
        created_by="t",
        trainer_type="probe",
        claim_epoch=1,
        config=TrainingConfig.parse(config or {}).model_dump(mode="json"),
        base_model="",
        chat_template=None,
        is_offline=True,
        train_path=os.devnull,
        validation_path=None,
        test_path=None,
        content_sha256=sha256_file(Path(os.devnull)),
        dataset_id=None,
        job_dir=str(root / "jobs" / f"job_{name}"),
        adapter_id=f"adapter_{name}",
        adapter_path=str(root / "adapters" / f"job_{name}.e1"),
        resume_dirs=(),
        save_every_steps=1,
        cpu_threads=1,
        token_cache_dir="",
        token_cache_mb=0,
    )


def lora_order(
    root: Path, base_model: Path, train: Path, config: Mapping[str, Any], *, name: str = "a"
) -> TrainingOrder:
    """The order of the first attempt of a LoRA job below `root`."""
    return replace(
        probe_order(root, config, name=name),
        trainer_type="lora",
        base_model=str(base_model),
        train_path=str(train),
        content_sha256=sha256_file(train),
    )


def next_attempt(order: TrainingOrder) -> TrainingOrder:
    """The order of the attempt after this one."""
    epoch = order.claim_epoch + 1
    return replace(order, claim_epoch=epoch, adapter_path=f"{order.adapter_path.rpartition('.e')[0]}.e{epoch}")


@dataclass
class TrainerRun:
    """A trainer process from its start to its end.

    Args:
        messages: All that it has said so far.
        log: Its stderr.
    """

    process: "subprocess.Popen[bytes]"
    messages: list[dict[str, Any]]
    log: Path

    @classmethod
    def start(
        cls, order: TrainingOrder, *, command: tuple[str, ...] = TRAINER_COMMAND, **environment: str
    ) -> "TrainerRun":
        """Start a process on this order."""
        log = Path(order.job_dir).with_suffix(".log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
            )
        run = cls(process, [], log)
        run.write(order.to_line())
        return run

    def write(self, line: bytes) -> None:
        """Write to the process, which may be gone."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def stop(self, reason: str) -> None:
        """Ask it to stop."""
        self.write(encode({"stop": reason}))

    def follow(self) -> Iterator[dict[str, Any]]:
        """What it says, until it ends; a line that a kill cut short is dropped."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                self.messages.append(decode(line))
                yield self.messages[-1]

    def until(self, kind: MessageType) -> dict[str, Any] | None:
        """The next message of a kind, None if the process ends before."""
        return next((message for message in self.follow() if message["type"] == kind), None)

    def kill(self) -> int:
        """SIGKILL for the whole group; returns the exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.end()

    def end(self) -> int:
        """Hear it to its end; returns the exit code."""
        for _ in self.follow():
            pass
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return self.process.wait()

    def of(self, kind: MessageType) -> list[dict[str, Any]]:
        """Messages of one kind so far."""
        return [message for message in self.messages if message["type"] == kind]


def run_to_the_end(
    order: TrainingOrder, *, command: tuple[str, ...] = TRAINER_COMMAND, **environment: str
) -> TrainerRun:
    """A process that has ended by itself."""
    run = TrainerRun.start(order, command=command, **environment)
    run.end()
    return run


def python(*arguments: str) -> tuple[str, ...]:
    """A command of this interpreter."""
    return (sys.executable, *arguments)
