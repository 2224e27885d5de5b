"""What processes that were killed left in the data folder, and nobody will go on with: removed by the next service."""

import logging
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from backend.datasets.folders import DatasetFolders
from backend.datasets.stages import EXPORTS, WORK
from shared.storage import STAGE_PREFIX

logger = logging.getLogger(__name__)

ABANDONED_AFTER_S = 24 * 3600.0
"""Uploads and exports may be another service's, which is at work: theirs are left alone for so long."""


def clear_finished(folders: DatasetFolders, dataset_id: str, records_dir: Path) -> None:
    """Remove what builds left beside a finished dataset: other attempts, finished stages, scratch files.

    Args:
        folders: Where datasets lie.
        dataset_id: Of a completed dataset: no build of it is at work, and none will be.
        records_dir: Of the attempt that was completed, as the database has it.
    """
    root, attempt = folders.dataset(dataset_id), records_dir.parent
    if attempt.resolve().parent != root or not attempt.is_dir():
        # another installation's row, or a damaged folder: nothing is known to be superfluous
        return
    _remove(folder for folder in root.iterdir() if folder.name != attempt.name)
    _remove(folder for folder in attempt.iterdir() if folder.name == WORK or folder.name.startswith("."))
    _remove(filter(_is_abandoned, (attempt / EXPORTS).glob(f"{STAGE_PREFIX}*")))


def clear_uploads(folders: DatasetFolders) -> None:
    """Remove spooled files of uploads whose service was killed."""
    if folders.uploads.is_dir():
        _remove(filter(_is_abandoned, folders.uploads.iterdir()))


def _remove(left: Iterable[Path]) -> None:
    for path in list(left):
        logger.info("leftover.removed", extra={"path": str(path)})
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            path.unlink()


def _is_abandoned(path: Path) -> bool:
    """Whether nothing in it has changed for a long time."""
    newest = 0.0
    for each in (path, *path.rglob("*")):
        with suppress(FileNotFoundError):
            newest = max(newest, each.lstat().st_mtime)
    return newest < time.time() - ABANDONED_AFTER_S
