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
from shared.errors import InvalidInput, Unavailable

MODULE = "backend.training.starter"
_INTERRUPT_GRACE_S = 10.0


class StarterFailed(Unavailable):
    """The child ended without a model."""

    code = "starter_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(text("starter.failed", reason=reason))


class StarterRefused(InvalidInput):
    """The child found the order wrong (name taken, too few documents)."""

    code = "starter_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(text("starter.failed", reason=reason))


def run_starter(
    session: Session, arguments: Sequence[str], *, command: Sequence[str] = (sys.executable, "-m", MODULE)
) -> dict[str, Any]:
    """Make the model; returns the child's last line.

    Raises:
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
    error = last.get("error")
    if isinstance(error, Mapping):
        kind = StarterFailed if error.get("exit_code") == 6 else StarterRefused
        raise kind(str(error.get("message", error)))
    if code != 0 or last.get("phase") != "done":
        raise StarterFailed(f"exit code {code}. {' | '.join(tail[-1:]) if not tail else tail[-1]}".strip())
    return last


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
            if "error" in content:
                return
            progress.update(
                task,
                description=str(content.get("phase", "")),
                total=content.get("total") or None,
                completed=content.get("done") or 0,
                figures=" · ".join(_figures(content)),
            )

        yield show


def _figures(content: Mapping[str, Any]) -> list[str]:
    shown = []
    if content.get("total"):
        shown.append(f"{content.get('done', 0)}/{content['total']}")
    if content.get("loss") is not None:
        shown.append(f"loss {formats.number(content['loss'])}")
    if content.get("tokens_per_s") is not None:
        shown.append(f"{formats.number(content['tokens_per_s'], 0)} tok/s")
    if content.get("eta_s") is not None:
        shown.append(f"ETA {formats.duration(float(content['eta_s']))}")
    return shown
