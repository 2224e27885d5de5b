"""The quick start as a person runs it, in a folder of its own and on free ports."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.installation import ROOT, free_port

_LONGEST_S = 1500


@dataclass(frozen=True, slots=True)
class QuickStart:
    """What it said and left.

    Args:
        said: Its stdout.
        home: Folder of the sample corpus's installation.
        result: Content of its `result.json`.
    """

    said: str
    home: Path
    result: Mapping[str, Any]


def quick_start(folder: Path, *options: str) -> QuickStart:
    """Run it to its end; fails if it does."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CLARA_")},
        "CLARA_TRAINING_PORT": str(free_port()),
        "CLARA_DATASET_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "admin.quickstart", "--state", str(folder), "--stop-after", *options]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST_S, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    home = folder / "sample"
    return QuickStart(done.stdout, home, json.loads((home / "result.json").read_text(encoding="utf-8")))
