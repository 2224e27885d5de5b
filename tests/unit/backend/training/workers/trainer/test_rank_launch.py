"""What ranks are started with; that they run is shown by real runs in tests/integration."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backend.training.workers.trainer.rank_launch import TooFewDevices, launch_ranks
from tests.support.trainer_driver import ROOT, probe_order

ENDING = "from backend.training.workers.trainer.rank_leader import end_as; raise SystemExit(end_as({code}))"


def test_a_gpu_for_each_process_or_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    # what it sets for the ranks is of this test alone
    monkeypatch.setattr(os, "environ", os.environ.copy())
    order = replace(probe_order(tmp_path, {"training": {"num_processes": 4}}), cpu_threads=10)
    with pytest.raises(TooFewDevices, match=r"this machine has 1\. Set training\.num_processes to 1"):
        launch_ranks(order, lambda *_: None, ())
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "2"
    assert os.environ["GLOO_SOCKET_IFNAME"] == os.environ["NCCL_SOCKET_IFNAME"]
    assert os.environ["GLOO_SOCKET_IFNAME"].startswith("lo")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("code", [-6, -9, -11, -15, 0, 3])
def test_the_leader_ends_as_its_rank_did(code: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDING.format(code=code)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, check=False)
    assert ended.returncode == code
    assert not list(tmp_path.iterdir())  # no core
