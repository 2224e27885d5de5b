"""What a build does once its records are published: measure them and write exports, in two processes where it may."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from backend.common.child_process import describe_exit
from backend.common.json_lines import decode, encode
from backend.datasets.export.options import ExportOptions
from backend.datasets.export.order import ExportOrder
from backend.datasets.export.publish import export_dataset
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


class Telling(Protocol):
    """Measures the records of a build, and perhaps exports them, while the build does something else."""

    def statistics(self) -> Mapping[str, Any]:
        """What there is to tell of records and sections; waits for it.

        Raises:
            BesideFailed: If the second process failed.
        """
        ...

    def finish(self) -> None:
        """Wait for the end of all work.

        Raises:
            BesideFailed: If the second process failed.
        """
        ...

    def close(self) -> None:
        """End what is still under way; a second time does nothing."""
        ...


class TellingHere:
    """In this process, when it is asked for.

    Args:
        records_dir: Published records.
        sections: What there is to tell of the sections.
        seed: Of the samples.
        scratch: For temporary files.
    """

    def __init__(self, records_dir: Path, sections: Mapping[str, Any], *, seed: int, scratch: Path) -> None:
        self._describe = partial(describe_records, records_dir, seed=seed, scratch=scratch)
        self._sections = sections
        self._told: Mapping[str, Any] | None = None

    def statistics(self) -> Mapping[str, Any]:
        """See `Telling.statistics`."""
        if self._told is None:
            self._told = {**self._describe(), **self._sections}
        return self._told

    def finish(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """Nothing is under way."""


def begin_beside(
    records_dir: Path,
    exports: Sequence[ExportOrder],
    sections: Mapping[str, Any],
    *,
    seed: int,
    scratch: Path,
    command: Sequence[str] = COMMAND,
) -> Telling:
    """Begin to describe records and to write exports in another process, which ends with this one.

    Args:
        records_dir: Published records.
        exports: Written after the records are described.
        sections: What there is to tell of the sections.
        seed: Of the samples.
        scratch: For temporary files.
        command: Starts the process.
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
        "sections": dict(sections),
        "exports": [_told(each) for each in exports],
    }
    return _Beside(child, records_dir, encode(order))


def do_beside(order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What `begin_beside` has asked for: the statistics, then an empty answer once all exports are written."""
    telling = TellingHere(
        Path(order["records_dir"]), order["sections"], seed=int(order["seed"]), scratch=Path(order["scratch"])
    )
    yield dict(telling.statistics())
    for each in order["exports"]:
        export_dataset(_order(each, telling.statistics))
    yield {}


class _Beside:
    """The other process."""

    def __init__(self, child: "subprocess.Popen[bytes]", records_dir: Path, order: bytes) -> None:
        self._child = child
        self._records_dir = records_dir
        self._statistics: Mapping[str, Any] | None = None
        try:
            if child.stdin is not None:
                child.stdin.write(order)
                child.stdin.flush()
        except OSError as exc:
            self.close()
            raise BesideFailed(records_dir, f"its process took no order ({exc.strerror or exc}).") from exc

    def statistics(self) -> Mapping[str, Any]:
        """See `Telling.statistics`."""
        if self._statistics is None:
            self._statistics = self._answer()
        return self._statistics

    def finish(self) -> None:
        """See `Telling.finish`."""
        self.statistics()
        # its stdin stays open until there is an answer: the end tells it that nobody waits any more
        self._answer()
        with self._child:
            pass

    def close(self) -> None:
        """See `Telling.close`."""
        self._child.kill()
        with self._child, contextlib.suppress(OSError):
            # an order that was not read is still in the pipe's buffer
            if self._child.stdin is not None:
                self._child.stdin.close()

    def _answer(self) -> dict[str, Any]:
        answer = self._child.stdout.readline() if self._child.stdout else b""
        told = decode(answer) if answer else {}
        if answer and "error" not in told:
            return told
        with self._child:
            pass
        reason = told.get("error") or f"the process ended with {describe_exit(self._child.returncode)}."
        raise BesideFailed(self._records_dir, str(reason))


def _told(order: ExportOrder) -> dict[str, Any]:
    plain = asdict(replace(order, statistics=dict))
    del plain["statistics"]
    return {
        **plain,
        "records_dir": str(order.records_dir),
        "target": str(order.target),
        "record_format": order.record_format.value,
    }


def _order(told: Mapping[str, Any], statistics: Callable[[], Mapping[str, Any]]) -> ExportOrder:
    return ExportOrder(
        **{
            **told,
            "records_dir": Path(told["records_dir"]),
            "target": Path(told["target"]),
            "record_format": RecordFormat(told["record_format"]),
            "options": ExportOptions.from_json(told["options"]),
            "statistics": statistics,
        }
    )
