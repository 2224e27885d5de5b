"""Heavy libraries are loaded one after the other."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.utils.heavy_imports import load

SLOW = """
import threading, time
from tests.unit.shared.utils import test_heavy_imports as watched
watched.loading.append(threading.get_ident())
time.sleep(0.05)
assert watched.loading == [threading.get_ident()], "another thread loads something too"
watched.loading.pop()
"""
loading: list[int] = []


def test_threads_load_one_after_the_other_and_each_module_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"slow_to_load_{number}" for number in range(4)]
    for name in names:
        (tmp_path / f"{name}.py").write_text(SLOW, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "tests.unit.shared.utils.test_heavy_imports", sys.modules[__name__])
    together = threading.Barrier(8)

    def ask(number: int) -> None:
        together.wait(10)
        load(names[number % 4], names[(number + 1) % 4])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(8)))
    assert all(name in sys.modules for name in names)
    assert loading == []


def test_what_is_not_installed_is_said_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_library"):
            load("no_such_library")
