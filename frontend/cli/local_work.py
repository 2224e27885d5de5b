"""Run long work on this machine as a child process and show how far it is: a module that tells JSON lines."""

import json
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import IO, Any

from frontend.cli import formats
from frontend.cli.session import Session
from frontend.cli.texts import text
from shared.errors import ClaraError

_INTERRUPT_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class WorkErrors:
    """How work that did not succeed is told, by the family of what the child names.

    Args:
        key: Of the text that says so, with the reason.
        failed: The child crashed, or lacks space, memory, packages or the database.
        refused: The order was wrong.
        conflict: Something is in the way, e.g. a model of this name.
        not_found: What the order names is not there.
    """

    key: str
    failed: Callable[[str], ClaraError]
    refused: Callable[[str], ClaraError]
    conflict: Callable[[str], ClaraError]
    not_found: Callable[[str], ClaraError]

    def of(self, family: str, reason: str) -> ClaraError:
        """The error for a family as `family_of` names it."""
        by_name = {"NotFound": self.not_found, "Conflict": self.conflict, "Unavailable": self.failed}
        return by_name.get(family, self.refused)(text(self.key, reason=reason))


def run_work(session: Session, command: Sequence[str], errors: WorkErrors) -> dict[str, Any]:
    """Run the child to its end; returns its last line.

    Args:
        session: Says whether progress is shown.
        command: Argument list that starts the child.
        errors: Raised if it does not succeed.
    """
    child = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
        list(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert child.stdout is not None and child.stderr is not None  # noqa: S101, PT018 - PIPE was asked for
    tail: deque[str] = deque(maxlen=20)
    drain = Thread(target=_drain, args=(child.stderr, tail), daemon=True)
    drain.start()
    try:
        with _bar(session) as show:
            last = _follow(child.stdout, show)
        code = child.wait()
    except BaseException:
        _stop(child)
        raise
    finally:
        drain.join(timeout=5)
        child.stdout.close()
        child.stderr.close()
    return _result(last, code, tail, errors)


def _follow(lines: IO[str], show: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    last: dict[str, Any] = {}
    for line in lines:
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict):
            last = content
            show(content)
    return last


def _result(last: dict[str, Any], code: int, tail: Sequence[str], errors: WorkErrors) -> dict[str, Any]:
    if last.get("event") == "error":
        raise errors.of(str(last.get("family", "")), str(last.get("message", "")))
    if code != 0 or last.get("event") != "done":
        raise errors.of("Unavailable", f"exit code {code}. {tail[-1] if tail else ''}".strip())
    return {name: value for name, value in last.items() if name != "event"}


def _drain(stream: IO[str], tail: deque[str]) -> None:
    for line in stream:
        if line.strip():
            tail.append(line.rstrip())


def _stop(child: "subprocess.Popen[str]") -> None:
    child.terminate()
    try:
        child.wait(timeout=_INTERRUPT_GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextmanager
def _bar(session: Session) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    if session.as_json:
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[figures]}"))
    with Progress(*columns, console=session.error_console()) as progress:
        task = progress.add_task("", total=None, figures="")

        def show(content: Mapping[str, Any]) -> None:
            if content.get("event") != "progress":
                return
            progress.update(
                task,
                description=str(content.get("stage", "")),
                total=content.get("total_steps") or None,
                completed=content.get("step") or 0,
                figures=" · ".join(_figures(content)),
            )

        yield show


def _figures(content: Mapping[str, Any]) -> list[str]:
    shown = []
    if content.get("total_steps"):
        shown.append(text("job.step", done=content.get("step", 0), total=content["total_steps"]))
    if content.get("loss") is not None:
        shown.append(f"loss {formats.number(content['loss'])}")
    if content.get("tokens_per_s") is not None:
        shown.append(f"{formats.number(content['tokens_per_s'], 0)} tok/s")
    if content.get("eta_s") is not None:
        shown.append(f"ETA {formats.duration(float(content['eta_s']))}")
    return shown
