"""A training run as it goes: a live bar on a terminal, plain lines in a log, JSON lines for machines."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from frontend.cli import formats
from frontend.cli.job_words import told
from frontend.cli.session import Session
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.progress import Progress

    from frontend.client.models import JobUpdate


def follow(session: Session, updates: "Iterable[JobUpdate]") -> "JobUpdate | None":
    """Show updates until they end; returns the last one."""
    if session.as_json:
        return _as_lines(session, updates)
    console = session.error_console()
    return _as_bar(session, updates) if console.is_terminal else _as_text(session, updates)


def _as_lines(session: Session, updates: "Iterable[JobUpdate]") -> "JobUpdate | None":
    last = None
    for last in updates:
        session.line(last.as_json())
    return last


def _as_text(session: Session, updates: "Iterable[JobUpdate]") -> "JobUpdate | None":
    """A line for each new status, for every tenth of the way and for what went wrong."""
    last = None
    said: tuple[str, int] = ("", -1)
    for last in updates:
        if note := _note(last):
            session.say(f"{last.status.value:<9} {note}")
        mark = (last.status.value, int(last.progress_percent // 10))
        if mark != said:
            said = mark
            figures = " · ".join(_figures(last))
            session.say(f"{last.status.value:<9} {last.progress_percent:5.1f} %  {figures}".rstrip())
    return last


def _as_bar(session: Session, updates: "Iterable[JobUpdate]") -> "JobUpdate | None":
    last = None
    with _progress(session) as progress:
        task = progress.add_task("pending", total=100, figures="")
        for last in updates:
            if note := _note(last):
                progress.console.print(note, markup=False, soft_wrap=True)
            progress.update(
                task,
                description=last.status.value,
                completed=last.progress_percent,
                figures=" · ".join(_figures(last)),
            )
    return last


def _note(update: "JobUpdate") -> str:
    """What a person should read besides figures: a pause, a crash, a hand-back; the end is told by the caller."""
    is_news = not update.status.is_terminal and {"reason", "is_paused", "cancel_requested"} & set(update.detail)
    return told(update.detail) if is_news else ""


def _progress(session: Session) -> "Progress":
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[figures]}"),
        console=session.error_console(),
    )


def _figures(update: "JobUpdate") -> list[str]:
    metrics: dict[str, Any] = dict(update.metrics or {})
    shown = []
    if update.total_steps:
        shown.append(text("job.step", done=update.current_step, total=update.total_steps))
    if metrics.get("loss") is not None:
        shown.append(f"loss {formats.number(metrics['loss'])}")
    if metrics.get("tokens_per_s") is not None:
        shown.append(f"{formats.number(metrics['tokens_per_s'], 0)} tok/s")
    if metrics.get("eta_s") is not None and not update.status.is_terminal:
        shown.append(f"ETA {formats.duration(float(metrics['eta_s']))}")
    return shown
