"""Old checkpoints go, what dead writers left goes too, and the newest valid checkpoint never does."""

import contextlib
import logging
import shutil
from pathlib import Path
from uuid import uuid4

from backend.training.utils.checkpoint import newest_first, newest_valid
from shared.storage import STAGE_PREFIX

logger = logging.getLogger(__name__)

_GRAVE_PREFIX = ".gone-"


def prune(folder: Path, *, keep: int, identity: str) -> list[Path]:
    """Remove all but the `keep` newest checkpoints; the newest valid one stays even if newer ones are damaged.

    Returns:
        The folders that were removed.
    """
    newest = newest_valid([folder], identity=identity).newest
    if newest is None:
        return []
    ordered = [found.path for found in newest_first([folder])]
    doomed = [path for path in ordered[keep:] if path != newest.path]
    return [path for path in doomed if _is_removed(path)]


def sweep(folder: Path) -> list[Path]:
    """Remove what writers that died left half written or half removed; only while no writer can be alive there.

    Returns:
        The folders that were removed.
    """
    entries = list(folder.iterdir()) if folder.is_dir() else []
    left = [path for path in entries if path.name.startswith((STAGE_PREFIX, _GRAVE_PREFIX))]
    for path in left:
        _delete(path)
    return left


def _is_removed(path: Path) -> bool:
    # renamed first: a folder half removed would look like a damaged checkpoint
    grave = path.with_name(f"{_GRAVE_PREFIX}{path.name}.{uuid4().hex[:8]}")
    try:
        path.rename(grave)
    except OSError:
        # it only takes space, and the run has just shown that it can write: the next checkpoint tries again
        logger.warning("checkpoint.not_removed", extra={"path": str(path)}, exc_info=True)
        return False
    _delete(grave)
    return True


def _delete(path: Path) -> None:
    """Remove a folder, or whatever lies there under the name of one; a link goes, what it leads to stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()
