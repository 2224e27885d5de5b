"""README command 1: one command, and the adapter beats its base model on text that neither has seen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.installation import ROOT, free_port

Q1 = 0.6


@pytest.mark.slow
def test_the_quick_start_ends_with_an_adapter_that_beats_its_base_model(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CLARA_")},
        "CLARA_TRAINING_PORT": str(free_port()),
        "CLARA_DATASET_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "admin.quickstart", "--state", str(tmp_path), "--stop-after"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    result = json.loads((tmp_path / "sample" / "result.json").read_text(encoding="utf-8"))
    assert result["ratio"] <= Q1, result
    assert (tmp_path / "sample" / "loss_curve.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "$ clara ingest" in done.stdout
    assert not (tmp_path / "sample" / "services.json").exists()
