"""Ranks for tests: forked from this process, so that they need not import anything anew, and joined as real ones."""

import json
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.training.utils.ranks import Ranks, joined

_LIMIT_S = 120.0


def run_ranks(folder: Path, work: Callable[[Ranks], Any], *, count: int = 2) -> list[Any]:
    """What each of `count` processes makes of `work`, as JSON; one that fails ends the others and the test.

    Args:
        folder: Made here; the ranks meet in it.
        work: Run in every one of them.
        count: Of processes.
    """
    folder.mkdir()
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=_run, args=(folder, work, rank, count)) for rank in range(count)]
    for process in processes:
        process.start()
    end = time.monotonic() + _LIMIT_S
    while any(process.is_alive() for process in processes) and time.monotonic() < end:
        if any(process.exitcode for process in processes):
            break
        time.sleep(0.01)
    for process in processes:
        process.kill()
        process.join()
    found = [folder / f"{rank}.json" for rank in range(count)]
    assert all(one.exists() for one in found), [process.exitcode for process in processes]
    return [json.loads(one.read_text(encoding="utf-8")) for one in found]


def _run(folder: Path, work: Callable[[Ranks], Any], rank: int, count: int) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    exit_code = 1
    try:
        with joined(rank, count, folder / "meeting") as ranks:
            result = json.dumps(work(ranks))
        (folder / f"{rank}.part").write_text(result, encoding="utf-8")
        (folder / f"{rank}.part").rename(folder / f"{rank}.json")
        exit_code = 0
    finally:
        if exit_code:
            traceback.print_exc()
        # nothing of the test runner's may run again in its copy
        os._exit(exit_code)
