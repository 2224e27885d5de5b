"""Takes ended jobs to MLflow, one after the other: a task of the service that no job ever waits for."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.common.blocking import in_thread
from backend.common.child_environment import without_secrets
from backend.common.child_process import ChildProcess, describe_exit
from backend.training.exports.orders import ExportOrders
from backend.training.exports.protocol import ExportMessage, Figure
from shared.database.base import ClaimLost, ExportStore
from shared.errors import ClaraError, Unavailable
from shared.models.export import ExportClaim

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "backend.training.exports.export_main")
_LONGEST_PAUSE_S = 600.0
_LONGEST_EXPORT_S = 1800.0


class MlflowExporter:
    """`run` is a task of the service.

    Args:
        exports: Which jobs are there already.
        orders: Says what is told of a job.
        destination: What `exports` calls the server.
        log: File that gets what the exporting process says on stderr.
        poll_s: Longest wait between looks for ended jobs.
        retry_s: Pause after a failure, doubled with each further one.
        lease_s: Another service takes an export over when ours has been silent for so long.
        command: Starts the process.
    """

    def __init__(
        self,
        exports: ExportStore,
        orders: ExportOrders,
        destination: str,
        *,
        log: Path,
        poll_s: float,
        retry_s: float,
        lease_s: float = 60.0,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._exports = exports
        self._orders = orders
        self._destination = destination
        self._log = log
        self._poll_s = poll_s
        self._retry_s = retry_s
        self._lease_s = lease_s
        self._command = command

    async def run(self) -> None:
        """Export for as long as the service runs; whatever goes wrong is logged, shown in `/health` and tried again."""
        failures = 0
        while True:
            try:
                outcome = await self._next()
            except (ClaraError, OSError) as error:
                logger.warning("export.put_off", extra={"reason": str(error)})
                outcome = False
            except Exception:
                # one job that cannot be told must not end all exports for good
                logger.exception("export.broken")
                outcome = False
            failures = failures + 1 if outcome is False else 0
            if not outcome:
                await asyncio.sleep(self._pause_s(failures) if failures else self._poll_s)

    async def health(self) -> Mapping[str, Any]:
        """For `/health`: `ok` or why the last job could not be exported, and how many wait.

        Raises:
            Unavailable: If the database is away.
        """
        found = await in_thread(self._exports.status, self._destination)
        return {"status": found.reason or "ok", "waiting": found.waiting, "exported": found.exported}

    async def _next(self) -> bool | None:
        """Export one job; None if there is none, else whether it went well."""
        claim = await in_thread(self._exports.claim, self._destination, lease_s=self._lease_s)
        if claim is None:
            return None
        try:
            run_id, reason = await self._outcome(claim)
            if run_id is not None:
                await in_thread(self._exports.done, claim, reference=run_id)
            else:
                await in_thread(self._exports.postpone, claim, reason=reason, pause_s=self._pause_s(claim.number))
        except ClaimLost:
            # we were suspended for longer than our claim: whoever has it now finds the run by its job id
            return None
        extra = {"job_id": claim.job_id, "destination": self._destination, "try": claim.number}
        if run_id is None:
            logger.warning("export.failed", extra={**extra, "reason": reason})
        else:
            logger.info("export.done", extra={**extra, "run_id": run_id})
        return run_id is not None

    async def _outcome(self, claim: ExportClaim) -> tuple[str | None, str]:
        """Id of the run, or None and why there is none."""
        try:
            order = await in_thread(self._orders.write, claim.job_id)
            environment = without_secrets(os.environ, keep="MLFLOW_")
            child = await ChildProcess.start(self._command, order.to_line(), log=self._log, environment=environment)
            try:
                async with asyncio.timeout(_LONGEST_EXPORT_S):
                    return await self._exported(child, claim)
            finally:
                await child.end(grace_s=0)
        except TimeoutError:
            return None, f"The export took longer than {_LONGEST_EXPORT_S:g} s."
        except ClaimLost:
            raise
        except ClaraError as error:
            return None, error.message
        except OSError as error:
            return None, f"The export process could not be started: {error.strerror or error}."

    async def _exported(self, child: ChildProcess, claim: ExportClaim) -> tuple[str | None, str]:
        """Tell the child everything, keep the claim, and wait for the child's last word."""
        word = asyncio.create_task(_last_word(child))
        helpers = {asyncio.create_task(self._tell(child, claim.job_id)), asyncio.create_task(self._keep(claim))}
        try:
            while not word.done():
                done, _ = await asyncio.wait({word, *helpers}, return_when=asyncio.FIRST_COMPLETED)
                for helper in done & helpers:
                    helper.result()  # raises what kept it from telling or keeping
                helpers -= done
            return word.result()
        finally:
            for task in (word, *helpers):
                task.cancel()
            await asyncio.gather(word, *helpers, return_exceptions=True)

    async def _keep(self, claim: ExportClaim) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            # a database that is away keeps the claim for us: nobody else can take it
            with contextlib.suppress(Unavailable):
                await in_thread(self._exports.renew, claim, lease_s=self._lease_s)

    async def _tell(self, child: ChildProcess, job_id: str) -> None:
        pages = self._orders.figures(job_id)
        while (page := await in_thread(_following, pages)) is not None:
            await child.send({"figures": page})
        await child.send({"end": True})

    def _pause_s(self, failures: int) -> float:
        return min(_LONGEST_PAUSE_S, self._retry_s * 2.0 ** min(failures - 1, 30))


def _following(pages: Iterator[list[Figure]]) -> list[Figure] | None:
    return next(pages, None)


async def _last_word(child: ChildProcess) -> tuple[str | None, str]:
    async for message in child.messages():
        if message["type"] == ExportMessage.EXPORTED:
            return str(message["run_id"]), ""
        if message["type"] == ExportMessage.FAILED:
            return None, str(message["message"])
    how = describe_exit(await child.gone())
    return None, f"The export process ended without a word ({how}); logs/exports.log says more."
