"""Cores and GPUs, counted by looking."""

import os
from pathlib import Path

import pytest

from backend.training.utils.machine import Machine


def test_devices_are_counted_as_the_system_shows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "nvidia0x"):
        (tmp_path / name).touch()
    machine = Machine.here(tmp_path)
    assert machine.gpus == 2
    assert 1 <= machine.cpus <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("visible", "gpus"), [("", 0), ("1", 1), ("0,1", 2), ("0,1,2", 2)])
def test_hidden_devices_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str, gpus: int) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    for name in ("nvidia0", "nvidia1"):
        (tmp_path / name).touch()
    assert Machine.here(tmp_path).gpus == gpus
