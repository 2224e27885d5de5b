"""What a trainer says of an error, and whether trying again may help."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE

from backend.training.trainers.run.watchdogs import LossZero
from backend.training.utils.base_model import HubUnavailable
from backend.training.workers.last_words import last_words
from shared.errors import InvalidInput
from shared.storage import DiskFull

FOLDER = Path("/jobs/job_1")


def os_error(number: int, name: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), name)


@pytest.mark.parametrize(
    ("error", "code", "is_retryable"),
    [
        (LossZero(3), "loss_zero", False),
        (InvalidInput("wrong"), "invalid_input", False),
        (HubUnavailable("m", "timeout"), "hub_unavailable", True),
        (DiskFull(FOLDER), "disk_full", True),
        (os_error(errno.ENOSPC), "disk_full", True),
        (os_error(errno.EDQUOT), "disk_full", True),
        (os_error(errno.EROFS), "not_writable", True),
        (os_error(errno.EIO), "OSError", True),
        (os_error(errno.ESTALE), "OSError", True),
        (os_error(errno.EACCES), "PermissionError", False),
        (os_error(errno.ENOENT), "FileNotFoundError", False),
        (os_error(errno.ENOMEM), "out_of_memory", True),
        (MemoryError(), "out_of_memory", True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "out_of_memory", True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "out_of_memory", True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "RuntimeError", False),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError", False),
    ],
    ids=repr,
)  # fmt: skip
def test_every_error_has_a_code_and_says_whether_it_may_mend_itself(
    error: Exception, code: str, is_retryable: bool
) -> None:
    words = last_words(error, FOLDER)
    assert (words.code, words.is_retryable) == (code, is_retryable)
    assert words.message


def test_the_file_is_named_where_the_error_names_it() -> None:
    assert "/data/x" in last_words(os_error(errno.ENOSPC, "/data/x"), FOLDER).message
    assert str(FOLDER) in last_words(os_error(errno.ENOSPC), FOLDER).message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_recognised_in_the_words_of_libraries_in_rust() -> None:
    with pytest.raises(Exception, match="os error 28") as raised:
        Tokenizer(BPE()).save("/dev/full")
    assert last_words(raised.value, FOLDER).code == "disk_full"


def test_memory_that_numpy_and_torch_do_not_get_is_recognised() -> None:
    for take in (lambda: np.ones(1 << 60, dtype=np.uint8), lambda: torch.ones(1 << 60, dtype=torch.uint8)):
        with pytest.raises((MemoryError, RuntimeError)) as raised:
            take()
        assert last_words(raised.value, FOLDER).code == "out_of_memory"
