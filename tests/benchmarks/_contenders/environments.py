"""Environments of contenders that cannot live in ours, each with a lock of its own; made when needed."""

import subprocess
import sys
from pathlib import Path

from admin.scripts.setup import interpreter

ROOT = Path(__file__).parents[3]
LOCKS = {"bench": ".venv-bench", "llamafactory": ".venv-llamafactory"}
_INSTALL_S = 1800


class NotInstalled(Exception):
    """An environment that could not be made; the message has the last lines of the installer."""


def python_of(lock: str) -> Path:
    """Interpreter of the environment of a lock, made or brought up to date first.

    Raises:
        NotInstalled: If a package of the lock cannot be had or installed.
    """
    folder = ROOT / LOCKS[lock]
    command = [sys.executable, "-m", "admin.scripts.setup", str(folder), "--lock", lock]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    if ended.returncode:
        said = [line for line in ended.stderr.splitlines() if line.strip()]
        raise NotInstalled(" ".join(said[-3:])[-500:] or f"exit code {ended.returncode}")
    return interpreter(folder)
