"""Whether a service keeps a warm parent: as it was set, and where this machine can bear one."""

import os
import sys
from collections.abc import Callable
from typing import Literal

from backend.training.workers.memory import available_mb

WarmSetting = Literal["auto", "on", "off"]
LEAST_AVAILABLE_MB = 4096
"""Memory that has to be available for a parent that nobody asked for; it holds 0.33 GiB itself."""


def never(setting: WarmSetting) -> str | None:
    """Why this service never has one; None if it may."""
    if setting == "off":
        return "CLARA_WARM_TRAINER is off"
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return "only Linux forks processes that have imported the libraries safely"
    return None


def obstacle(setting: WarmSetting, *, available: Callable[[], int | None] = available_mb) -> str | None:
    """Why none is to be started now; None if nothing is in the way."""
    if setting == "on":
        return None
    found = available()
    if found is None or found >= LEAST_AVAILABLE_MB:
        return None
    return (
        f"{found} MiB of memory are available, less than {LEAST_AVAILABLE_MB} MiB; "
        "CLARA_WARM_TRAINER=on starts one all the same"
    )
