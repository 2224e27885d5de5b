"""The worker process by itself: its order, its last word, its end."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.common.json_lines import decode
from backend.datasets.workers.protocol import ExportJob, MessageType, encode_order
from tests.support.dataset_builds import a_plan, build
from tests.support.legal_texts import candidates


@contextmanager
def _worker() -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "backend.datasets.workers.build_worker"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def _give(worker: subprocess.Popen[bytes], line: bytes) -> None:
    assert worker.stdin is not None
    worker.stdin.write(line)
    worker.stdin.flush()


def _job(records: Path, target: Path) -> ExportJob:
    return ExportJob("dataset_1", "Satzungen", str(records), str(target), "parquet", "text", {}, "", {}, {})


@pytest.mark.parametrize(("folder", "last_word"), [("records", MessageType.DONE), ("nowhere", MessageType.FAILED)])
def test_a_worker_that_said_how_it_went_ends_in_order(tmp_path: Path, folder: str, last_word: MessageType) -> None:
    build(a_plan(tmp_path / "1"), candidates(3))
    with _worker() as worker:
        _give(worker, encode_order(_job(tmp_path / "1" / folder, tmp_path / "out")))
        assert worker.stdout is not None
        *_, last = map(decode, worker.stdout)
        # stdin is still open: the end of the work alone ends the process
        exit_code = worker.wait(timeout=30)

    assert last["type"] == last_word
    assert exit_code == 0
