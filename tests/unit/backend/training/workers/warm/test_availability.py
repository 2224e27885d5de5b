"""A warm parent is kept where it was asked for, or where memory is plenty."""

import os
import sys
from typing import Literal

import pytest

from backend.training.workers.warm.availability import LEAST_AVAILABLE_MB, never, obstacle


def test_switched_off_means_never() -> None:
    assert never("off") == "CLARA_WARM_TRAINER is off"


@pytest.mark.parametrize("setting", ["auto", "on"])
def test_only_linux_has_one(setting: Literal["auto", "on"], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert never(setting) == "only Linux forks processes that have imported the libraries safely"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux")
def test_an_old_kernel_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert never("auto") is None
    monkeypatch.delattr(os, "pidfd_open")
    assert never("on") is not None


def test_short_memory_is_in_the_way_of_auto_alone() -> None:
    assert obstacle("auto", available=lambda: LEAST_AVAILABLE_MB) is None
    assert obstacle("auto", available=lambda: None) is None
    reason = obstacle("auto", available=lambda: LEAST_AVAILABLE_MB - 1)
    assert reason == (
        "4095 MiB of memory are available, less than 4096 MiB; CLARA_WARM_TRAINER=on starts one all the same"
    )
    assert obstacle("on", available=lambda: 1) is None
