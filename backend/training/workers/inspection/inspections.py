"""Looks at the records of runs before they are queued: one process at a time, its answers remembered."""

import asyncio
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.common.blocking import in_thread
from backend.common.child_process import ChildProcess
from backend.common.json_lines import encode
from backend.training.folders import TrainingFolders
from backend.training.inputs import InputResolver
from backend.training.inspection.verdict import RecordsRefused, Verdict
from backend.training.trainers.registry import trainer_for
from backend.training.training_config import TrainingConfig
from backend.training.workers.inspection.protocol import InspectionMessage, InspectionOrder
from backend.training.workers.trainer_process import libraries_environment
from backend.training.workers.warm.programs import Program
from backend.training.workers.warm.warm_trainer import WarmTrainer
from shared.errors import ClaraError, Unavailable
from shared.storage import disk_errors, make_folder

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "backend.training.workers.inspection.main")
_REMEMBERED = 200
_TRIES = 3


class InspectionFailed(Unavailable):
    """The process that looks at records ended without an answer."""

    code = "inspection_failed"


class RecordInspections:
    """Implements `Inspections`; `run` is a task of the service.

    Args:
        inputs: Finds base models and records.
        folders: Where files lie.
        cpu_threads: Of the trainers whose time is estimated.
        token_cache_mb: Size of the token cache (unit: MiB); 0: none.
        silence_s: A process that says nothing for this time is ended.
        retry_s: Pause after a process that ended without an answer.
        on_done: Called on the event loop after every answer.
        command: Starts the process cold.
        warm: Where it may be forked; None: it starts cold.
    """

    def __init__(
        self,
        inputs: InputResolver,
        folders: TrainingFolders,
        *,
        cpu_threads: int,
        token_cache_mb: int,
        silence_s: float,
        retry_s: float,
        on_done: Callable[[], None],
        command: Sequence[str] = COMMAND,
        warm: WarmTrainer | None = None,
    ) -> None:
        self._inputs = inputs
        self._folders = folders
        self._cpu_threads = cpu_threads
        self._token_cache_mb = token_cache_mb
        self._silence_s = silence_s
        self._retry_s = retry_s
        self._on_done = on_done
        self._command = command
        self._warm = warm
        self._loop = asyncio.get_running_loop()
        self._one_at_a_time = asyncio.Semaphore(1)
        self._wanted: asyncio.Queue[tuple[bytes, InspectionOrder]] = asyncio.Queue()
        self._asked: dict[bytes, float] = {}
        self._failures: dict[bytes, int] = {}
        self._known: OrderedDict[bytes, Verdict] = OrderedDict()

    def look_up(self, trainer_type: str, config: TrainingConfig) -> Verdict | None:
        """See `Inspections`; called in threads."""
        order = self._order(trainer_type, config)
        if order is None:
            return Verdict()
        key = _key(order)
        if (found := self._known.get(key)) is None:
            self._loop.call_soon_threadsafe(self._ask, key, order)
        return found

    async def inspect(self, trainer_type: str, config: TrainingConfig) -> Mapping[str, Any]:
        """See `Inspections`."""
        order = await in_thread(self._order, trainer_type, config)
        if order is None:
            return {"is_accepted": True, "problems": {"count": 0, "rows": []}}
        report = await self._looked_at(order)
        self._remember(await in_thread(_key, order), Verdict.of(report))
        return report

    async def run(self) -> None:
        """Answer what `look_up` did not know, one after the other, until cancelled."""
        while True:
            key, order = await self._wanted.get()
            try:
                self._remember(key, Verdict.of(await self._looked_at(order)))
            except ClaraError as error:
                self._note_failure(key, error)
            except OSError as error:
                self._note_failure(key, InspectionFailed(f"The pre-flight process cannot be started: {error}."))
            self._on_done()

    def _ask(self, key: bytes, order: InspectionOrder) -> None:
        if time.monotonic() >= self._asked.get(key, 0.0) and key not in self._known:
            self._asked[key] = float("inf")
            self._wanted.put_nowait((key, order))

    def _note_failure(self, key: bytes, error: ClaraError) -> None:
        """Something that may mend itself is tried again; what cannot be looked at in the end cannot be trained."""
        failures = self._failures.get(key, 0) + 1
        if isinstance(error, Unavailable) and failures < _TRIES:
            logger.warning("inspection.put_off", extra={"reason": error.message, "failures": failures})
            self._failures[key] = failures
            self._asked[key] = time.monotonic() + self._retry_s * failures
            return
        self._remember(key, Verdict(refusal=error.message))

    def _remember(self, key: bytes, verdict: Verdict) -> None:
        self._failures.pop(key, None)
        self._asked.pop(key, None)
        self._known[key] = verdict
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _order(self, trainer_type: str, config: TrainingConfig) -> InspectionOrder | None:
        trainer = trainer_for(trainer_type)
        # feedback was judged item by item when it came
        if not trainer.needs_inputs or trainer.needs_feedback:
            return None
        inputs = self._inputs.find(config, trainer)
        scratch = self._folders.data / "jobs"
        with disk_errors(scratch):
            make_folder(scratch)
        return InspectionOrder(
            trainer_type=trainer_type,
            config=config.model_dump(mode="json"),
            base_model=inputs.base_model,
            chat_template=inputs.chat_template,
            is_offline=self._inputs.is_offline,
            train_path=str(inputs.train),
            validation_path=str(inputs.validation) if inputs.validation else None,
            scratch_root=str(scratch),
            token_cache_dir=str(self._folders.token_cache),
            token_cache_mb=self._token_cache_mb,
            cpu_threads=config.training.cpu_threads or self._cpu_threads,
        )

    async def _looked_at(self, order: InspectionOrder) -> Mapping[str, Any]:
        async with self._one_at_a_time:
            child = await self._start(order)
            try:
                return await self._answer(child)
            finally:
                await child.end(grace_s=0)
                child.close()

    async def _start(self, order: InspectionOrder) -> ChildProcess:
        log = self._folders.logs / "inspections.log"
        # as many threads as the trainer will have, for which it measures how fast this machine is
        environment = libraries_environment(cpu_threads=order.cpu_threads, is_offline=order.is_offline)
        if self._warm is not None:
            forked = await self._warm.start(Program.INSPECTION, order.to_line(), log=log, environment=environment)
            if forked is not None:
                return forked
        return await ChildProcess.start(self._command, order.to_line(), log=log, environment=environment)

    async def _answer(self, child: ChildProcess) -> Mapping[str, Any]:
        messages = child.messages()
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    message = await anext(messages)
            except TimeoutError:
                reason = f"said nothing for {self._silence_s:g} s and was ended"
                raise InspectionFailed(f"The pre-flight process {reason}.") from None
            except StopAsyncIteration:
                reason = f"ended without an answer (exit code {await child.gone()})"
                raise InspectionFailed(f"The pre-flight process {reason}; logs/inspections.log says more.") from None
            if message["type"] == InspectionMessage.REPORT:
                report: Mapping[str, Any] = message["report"]
                logger.info("inspection.done", extra={"took_s": message["took_s"]})
                return report
            if message["type"] == InspectionMessage.ERROR:
                raise _error_of(message)


def _error_of(message: Mapping[str, Any]) -> ClaraError:
    if message["is_retryable"]:
        return InspectionFailed(message["message"], reason=message["code"])
    return RecordsRefused(message["message"], reason=message["code"], details=message["context"])


def _key(order: InspectionOrder) -> bytes:
    """The order with the state of every file that decides the answer."""
    files = [Path(path) for path in (order.train_path, order.validation_path) if path]
    base = Path(order.base_model)
    files += sorted(file for file in base.iterdir() if file.is_file()) if base.is_dir() else []
    states = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return encode({"order": asdict(order), "files": states})
