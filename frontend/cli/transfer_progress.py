"""Progress bars of uploads and downloads; silent with --json."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frontend.cli.session import Session
from frontend.cli.texts import text

if TYPE_CHECKING:
    from frontend.client.documents import UploadProgress
    from frontend.client.local_files import LocalFile


@contextmanager
def upload_bar(session: Session, files: "Sequence[LocalFile]") -> "Iterator[Callable[[UploadProgress], None] | None]":
    """A bar over the bytes of an upload with files and failures beside it."""
    if session.as_json:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[files]}"),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("[red]{task.fields[failures]}"),
    )
    with Progress(*columns, console=session.error_console()) as progress:
        total_bytes = sum(file.size_bytes for file in files)
        task = progress.add_task(
            text("ingest.progress"), total=max(total_bytes, 1), files=f"0/{len(files)}", failures=""
        )

        def show(state: "UploadProgress") -> None:
            failures = text("ingest.failures", n=len(state.failed)) if state.failed else ""
            done = state.bytes_done if total_bytes else 1
            progress.update(task, completed=done, files=f"{state.files_done}/{state.files_total}", failures=failures)

        yield show


@contextmanager
def download_bar(session: Session) -> Iterator[Callable[[int, int | None], None] | None]:
    """A bar over the bytes of a download."""
    if session.as_json:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    with Progress(*columns, console=session.error_console(), transient=True) as progress:
        task = progress.add_task(text("download.progress"), total=None)

        def show(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total)

        yield show
