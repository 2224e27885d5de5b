"""What a trainer process says when it fails: a code, a reason for people, and whether trying again may end better."""

import errno
import re
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared.errors import ClaraError, Unavailable
from shared.models.job import AttemptOutcome
from shared.storage import DiskFull, NotWritable, disk_errors, error_number

# the operating system's ways to say that something outside cannot serve now: a share that is away, a dying disk
_AWAY = frozenset({errno.EIO, errno.ETIMEDOUT, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EBUSY})
# torch raises plain RuntimeErrors when the operating system gives it no memory
_TORCH_WITHOUT_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory", re.IGNORECASE)
_MEMORY_ADVICE = (
    "Memory ran out. Lower training.batch_size or data.max_length, set training.gradient_checkpointing, or give "
    "trainers more (CLARA_TRAINER_MEMORY_MB, CLARA_MAX_CONCURRENT_JOBS)."
)


@dataclass(frozen=True, slots=True)
class LastWords:
    """Why a trainer ends without an adapter."""

    code: str
    message: str
    is_retryable: bool

    def as_fields(self) -> dict[str, Any]:
        """Of the message."""
        return asdict(self)


def last_words(error: Exception, folder: Path) -> LastWords:
    """What to report of an error.

    Args:
        error: Whatever ended the trainer.
        folder: Where it wrote, for an error that does not name a file.
    """
    if is_out_of_memory(error):
        # the frames hold what filled the memory, and even the report needs some
        traceback.clear_frames(error.__traceback__)
        return LastWords(AttemptOutcome.OUT_OF_MEMORY, _MEMORY_ADVICE, is_retryable=True)
    named = error if isinstance(error, ClaraError) else _disk_error(error, folder)
    if named is not None:
        return LastWords(named.code, named.message, is_retryable=isinstance(named, Unavailable))
    is_away = isinstance(error, OSError) and error.errno in _AWAY
    return LastWords(type(error).__name__, _reason(error), is_retryable=is_away)


def is_out_of_memory(error: Exception) -> bool:
    """Whether the machine, its limit or the GPU had no memory left."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    is_torch = "torch" in sys.modules and isinstance(error, RuntimeError)
    return is_torch and _TORCH_WITHOUT_MEMORY.search(str(error)) is not None


def _disk_error(error: Exception, folder: Path) -> DiskFull | NotWritable | None:
    """The named form of an error about writing."""
    number = error_number(error)
    if number not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
        return None
    name = error.filename if isinstance(error, OSError) else None
    try:
        with disk_errors(Path(name) if isinstance(name, str) else folder):
            raise OSError(number, str(error))
    except (DiskFull, NotWritable) as named:
        return named


def _reason(error: Exception) -> str:
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
    return f"{type(error).__name__}: {first_line[:500]}"
