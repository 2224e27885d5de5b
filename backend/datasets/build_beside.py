"""What a build does once its records are published: measure them and write exports, in two processes where it may."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.common.child_process import describe_exit
from backend.common.json_lines import decode, encode
from backend.datasets.export.base import ExportOptions
from backend.datasets.export.publish import ExportOrder, export_dataset
from backend.datasets.report.finished import describe_records
from shared.errors import Unavailable
from shared.models.dataset import RecordFormat

COMMAND = (sys.executable, "-m", "backend.datasets.build_beside_worker")


class BesideFailed(Unavailable):
    """Records could not be measured or exported by the second process of a build."""

    code = "build_process_failed"

    def __init__(self, records_dir: Path, reason: str) -> None:
        super().__init__(
            f"The records in {records_dir} could not be measured and exported: {reason} Build the dataset again.",
            records_dir=str(records_dir),
            reason=reason,
        )


def begin_beside(
    records_dir: Path, exports: Sequence[ExportOrder], *, seed: int, scratch: Path, command: Sequence[str] = COMMAND
) -> Callable[[], dict[str, Any]]:
    """Begin to describe records and to write exports in another process, which ends with this one.

    Args:
        records_dir: Published records.
        exports: Written after the records are described.
        seed: Of the samples.
        scratch: For temporary files.
        command: Starts the process.

    Returns:
        Waits for the end and gives what `describe_records` does; raises `BesideFailed` if something went wrong.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    except OSError as exc:
        raise BesideFailed(records_dir, f"no process could be started ({exc.strerror or exc}).") from exc
    order = {
        "records_dir": str(records_dir),
        "seed": seed,
        "scratch": str(scratch),
        "exports": [_told(each) for each in exports],
    }
    return _Beside(child, records_dir, encode(order))


def do_beside(order: Mapping[str, Any]) -> dict[str, Any]:
    """What `begin_beside` has asked for."""
    told = describe_records(Path(order["records_dir"]), seed=int(order["seed"]), scratch=Path(order["scratch"]))
    for each in order["exports"]:
        export_dataset(_order(each))
    return told


class _Beside:
    """The other process; called, it waits for the answer."""

    def __init__(self, child: "subprocess.Popen[bytes]", records_dir: Path, order: bytes) -> None:
        self._child = child
        self._records_dir = records_dir
        try:
            if child.stdin is not None:
                child.stdin.write(order)
                child.stdin.flush()
        except OSError as exc:
            child.kill()
            raise BesideFailed(records_dir, f"its process took no order ({exc.strerror or exc}).") from exc

    def __call__(self) -> dict[str, Any]:
        # its stdin stays open until there is an answer: the end tells it that nobody waits any more
        with self._child:
            answer = self._child.stdout.readline() if self._child.stdout else b""
        if not answer:
            raise BesideFailed(self._records_dir, f"the process ended with {describe_exit(self._child.returncode)}.")
        told = decode(answer)
        if "error" in told:
            raise BesideFailed(self._records_dir, str(told["error"]))
        return told


def _told(order: ExportOrder) -> dict[str, Any]:
    return {
        **asdict(order),
        "records_dir": str(order.records_dir),
        "target": str(order.target),
        "record_format": order.record_format.value,
    }


def _order(told: Mapping[str, Any]) -> ExportOrder:
    return ExportOrder(
        **{
            **told,
            "records_dir": Path(told["records_dir"]),
            "target": Path(told["target"]),
            "record_format": RecordFormat(told["record_format"]),
            "options": ExportOptions(**told["options"]),
        }
    )
