"""Run the making of a starter model as a child process and show how far it is."""

import json
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import IO, Any

from frontend.cli import formats
from frontend.cli.session import Session
from frontend.cli.texts import text
from shared.errors import ClaraError, Conflict, InvalidInput, Unavailable

MODULE = "backend.training.starter"
_INTERRUPT_GRACE_S = 10.0
_UNAVAILABLE = frozenset({"disk_full", "not_writable", "unavailable"})


class StarterFailed(Unavailable):
    """The child ended without a model: it crashed, or lacks space, packages or the database."""

    code = "starter_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(text("starter.failed", reason=reason))


class StarterExists(Conflict):
    """A model of this name is there already; models are never overwritten."""

    code = "starter_exists"

    def __init__(self, reason: str) -> None:
        super().__init__(text("starter.failed", reason=reason))


class StarterRefused(InvalidInput):
    """The child found the order wrong, e.g. too few documents."""

    code = "starter_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(text("starter.failed", reason=reason))


def run_starter(
    session: Session, arguments: Sequence[str], *, command: Sequence[str] = (sys.executable, "-m", MODULE)
) -> dict[str, Any]:
    """Make the model; returns the child's last line.

    Raises:
        StarterExists: The name is taken.
        StarterRefused: The order was wrong.
        StarterFailed: The child crashed or lacks something.
    """
    child = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
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
    return _result(last, code, tail)


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


def _result(last: dict[str, Any], code: int, tail: Sequence[str]) -> dict[str, Any]:
    if last.get("event") == "error":
        raise _refusal(str(last.get("code", "")), str(last.get("message", "")))
    if code != 0 or last.get("event") != "done":
        raise StarterFailed(f"exit code {code}. {tail[-1] if tail else ''}".strip())
    return {name: value for name, value in last.items() if name != "event"}


def _refusal(code: str, message: str) -> ClaraError:
    if code == "already_published":
        return StarterExists(message)
    return StarterFailed(message) if code in _UNAVAILABLE else StarterRefused(message)


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
