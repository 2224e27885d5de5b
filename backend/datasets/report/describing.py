"""The pass over finished records beside other work: in a process of its own where a build may have several."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backend.common.child_process import describe_exit
from backend.common.json_lines import decode, encode
from backend.datasets.report.finished import describe_records
from shared.errors import Unavailable

COMMAND = (sys.executable, "-m", "backend.datasets.report.describe_worker")


class DescribingFailed(Unavailable):
    """The finished records could not be measured, so the dataset cannot be called free of leaks."""

    code = "describing_failed"

    def __init__(self, records_dir: Path, reason: str) -> None:
        super().__init__(
            f"The records in {records_dir} could not be measured: {reason}. See the log of the build, and build again.",
            records_dir=str(records_dir),
            reason=reason,
        )


def begin_describing(
    records_dir: Path, *, seed: int, scratch: Path, is_apart: bool, command: Sequence[str] = COMMAND
) -> Callable[[], dict[str, Any]]:
    """Begin what `describe_records` does; calling the result waits for the end of it.

    Args:
        records_dir: Published records.
        seed: Of the samples.
        scratch: For temporary files.
        is_apart: In a process of its own, which ends with this one; else when the result is asked for.
        command: Starts that process.
    """
    if not is_apart:
        return lambda: describe_records(records_dir, seed=seed, scratch=scratch)
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    order = encode({"records_dir": str(records_dir), "seed": seed, "scratch": str(scratch)})

    def result() -> dict[str, Any]:
        with child:
            # the pipe stays open until there is an answer: its end tells the child that nobody waits any more
            answer = child.stdout.readline() if child.stdout else b""
        if not answer:
            raise DescribingFailed(records_dir, f"its process ended with {describe_exit(child.returncode)}")
        return decode(answer)

    try:
        if child.stdin is not None:
            child.stdin.write(order)
            child.stdin.flush()
    except OSError as exc:
        child.kill()
        raise DescribingFailed(records_dir, exc.strerror or str(exc)) from exc
    return result
