"""The language between the service and its worker process: one JSON object per line over two pipes.

service --stdin-->  worker     the order (first line); EOF: the service is gone, the worker ends at once
worker  --stdout--> service    progress, then one last word; EOF without one: it crashed
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from backend.common.child_order import ChildOrder
from backend.common.json_lines import decode, encode

WORKER_COMMAND = (sys.executable, "-m", "backend.datasets.workers.build_worker")
LINE_WORKER_COMMAND = (sys.executable, "-m", "backend.datasets.workers.line_worker")


class MessageType(StrEnum):
    """What a worker says; the last four are last words."""

    PROGRESS = "progress"
    STAGE = "stage"
    DONE = "done"
    FAILED = "failed"
    CLAIM_LOST = "claim_lost"
    BEGIN_AGAIN = "begin_again"

    @property
    def is_last(self) -> bool:
        """Whether nothing follows."""
        return self not in (MessageType.PROGRESS, MessageType.STAGE)


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """Build the dataset of a claim.

    Args:
        settings: Every setting of the service, secrets included: it travels on a pipe, never in arguments.
    """

    dataset_id: str
    owner: str
    epoch: int
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportJob:
    """Export a finished dataset; paths are absolute, options, request and statistics plain JSON."""

    dataset_id: str
    dataset_name: str
    records_dir: str
    target: str
    export_format: str
    record_format: str
    options: Mapping[str, Any]
    description: str
    request: Mapping[str, Any]
    statistics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PublishJob:
    """Copy a published export to a target that was checked; access data come from the environment."""

    dataset_id: str
    export_format: str
    folder: str
    url: str


@dataclass(frozen=True, slots=True)
class LineOrder(ChildOrder):
    """Make the lines of streams that are missing; the only order of the line worker.

    Args:
        settings: As in `BuildOrder`.
    """

    settings: Mapping[str, Any]


Order = BuildOrder | ExportJob | PublishJob
_KINDS: Mapping[str, type[BuildOrder] | type[ExportJob] | type[PublishJob]] = {
    "build": BuildOrder,
    "export": ExportJob,
    "publish": PublishJob,
}


def encode_order(order: Order) -> bytes:
    """The order as its line on the pipe."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(order, cls))
    return encode({"kind": kind, "order": asdict(order)})


def decode_order(line: bytes) -> Order:
    """The order from its line.

    Raises:
        ValueError: If the line is not an order.
    """
    return order_from(decode(line))


def order_from(message: Mapping[str, Any]) -> Order:
    """The order from its message.

    Raises:
        ValueError: If the message is not an order.
    """
    try:
        return _KINDS[message["kind"]](**message["order"])
    except (KeyError, TypeError) as exc:
        raise ValueError("the first line must be an order") from exc
