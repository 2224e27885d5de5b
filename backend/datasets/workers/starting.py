"""How the service starts its processes: the settings travel with them, so that all of them read the same ones."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from backend.common.child_process import ChildProcess
from backend.datasets.folders import DatasetFolders
from backend.datasets.workers.pool import BuilderPool, BuilderTimes
from backend.datasets.workers.protocol import (
    LINE_WORKER_COMMAND,
    WORKER_COMMAND,
    BuildOrder,
    LineOrder,
    encode_order,
)
from config import BaseConfig
from shared.database.stores import Stores
from shared.models.dataset import DatasetClaim


def settings_environment(config: BaseConfig) -> dict[str, str]:
    """The environment of a child process that has to read the very settings of this one."""
    values = {f"CLARA_{name.upper()}": _plain(value) for name, value in config if value is not None}
    return {**os.environ, **{name: str(value) for name, value in values.items()}}


def builders_of(
    config: BaseConfig, stores: Stores, folders: DatasetFolders, *, on_event: Callable[[], None]
) -> BuilderPool:
    """The builders of this installation, not started yet."""

    async def start(claim: DatasetClaim) -> ChildProcess:
        order = BuildOrder(claim.dataset_id, claim.owner, claim.epoch, _settings(config))
        log = config.logs_dir / "datasets" / f"{claim.dataset_id}.log"
        return await ChildProcess.start(WORKER_COMMAND, encode_order(order), log=log)

    times = BuilderTimes(
        lease_s=config.lease_seconds,
        heartbeat_s=config.heartbeat_seconds,
        poll_s=config.poll_seconds,
        max_attempts=config.max_attempts,
    )
    return BuilderPool(stores.datasets, start, folders, times, on_event=on_event)


def line_maker_of(config: BaseConfig) -> Callable[[], Awaitable[ChildProcess]] | None:
    """Starts the process that makes the lines of streams; None where streams find none ready."""
    if not (config.streaming_prepare and config.streaming_enabled and config.streaming_cache_mb):
        return None

    async def start() -> ChildProcess:
        log = config.logs_dir / "datasets" / "streams.log"
        return await ChildProcess.start(LINE_WORKER_COMMAND, LineOrder(_settings(config)).to_line(), log=log)

    return start


def _settings(config: BaseConfig) -> dict[str, Any]:
    return {name: _plain(value) for name, value in config}


def _plain(value: object) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if isinstance(value, Path) else value
