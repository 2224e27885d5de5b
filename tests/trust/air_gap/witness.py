"""A plugin of pytest that writes down each test as it ends: how it went, and what was tried to be reached meanwhile.

Switched on by `PYTEST_PLUGINS=tests.trust.air_gap.witness` and the file in `CLARA_WITNESS`, for the process that gets
both and for none that it starts. The count is that of the namespace, so a test that runs beside the guilty one is
suspected as well.
"""

import json
import os
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.trust.air_gap.unrouted import unrouted

FILE = "CLARA_WITNESS"
_PLUGINS = "PYTEST_PLUGINS"


@dataclass(frozen=True, slots=True)
class Account:
    """What was seen of all tests.

    Args:
        tests: How many ended.
        failed: Those that failed, once each.
        suspects: Test -> attempts to reach another machine while it ran.
    """

    tests: int
    failed: tuple[str, ...]
    suspects: dict[str, int]


def switched_on(file: Path) -> dict[str, str]:
    """The variables that switch it on."""
    return {_PLUGINS: __name__, FILE: str(file)}


def account(file: Path) -> Account:
    """What has been written down so far."""
    lines = _lines(file)
    failed = tuple(dict.fromkeys(str(line["test"]) for line in lines if line["failed"]))
    suspects = {str(line["test"]): int(line["unrouted"]) for line in lines if line["unrouted"]}
    return Account(len(lines), failed, suspects)


def _lines(file: Path) -> list[dict[str, object]]:
    if not file.exists():
        return []
    # the last line may be half written while tests run
    told: Iterable[str] = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in told if line.endswith("\n")]


class _Witness:
    """Knows the test that runs; collection is before the first one."""

    def __init__(self, file: str) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._before = unrouted()
        self._failed = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Around set-up, test and clean-up."""
        try:
            return (yield)
        finally:
            self._tell(item.nodeid)

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of each of the three."""
        self._failed = self._failed or report.failed

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read is a test that failed."""
        if report.failed:
            self._failed = True
            self._tell(report.nodeid)

    def _tell(self, test: str) -> None:
        now = unrouted()
        line = {"test": test, "failed": self._failed, "unrouted": now - self._before}
        # one write, so that lines of processes side by side do not mix
        os.write(self._file, (json.dumps(line) + "\n").encode())
        self._before, self._failed = now, False


def pytest_configure(config: pytest.Config) -> None:
    """Take part, and see to it that no pytest that a test starts does."""
    file = os.environ.pop(FILE, None)
    os.environ.pop(_PLUGINS, None)
    if file is not None:
        config.pluginmanager.register(_Witness(file))
