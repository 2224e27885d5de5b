"""Runs of `python -m backend.datasets.curation` over laws, with their time and memory, for several benchmarks."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.datasets.ingest.pipeline import ingest_paths
from shared.database.stores import open_stores
from tests.support.tree_memory import TreePeak

WORKERS = 2
_COMMAND = (sys.executable, "-m", "backend.datasets.curation")


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended.

    Args:
        told: Its last line.
        seconds: From start to end.
        cpu_s: Of all its processes.
        peak_rss_mb: The most that all its processes had at one time, sampled ten times a second.
    """

    told: Mapping[str, Any]
    seconds: float
    cpu_s: float
    peak_rss_mb: int


class CuratedHome:
    """An installation on SQLite with nothing in it but what is ingested.

    Args:
        folder: Does not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._database_url = f"sqlite:///{folder / 'clara.db'}"

    @property
    def signals(self) -> Path:
        """Where runs keep what they learn and measure."""
        return self.folder / "data" / "quality"

    def ingest(self, laws: Iterable[tuple[str, bytes]]) -> None:
        """Take laws, as Markdown files with these names."""
        folder = self.folder / "laws"
        folder.mkdir()
        for number, (name, content) in enumerate(laws):
            (folder / f"{number:06}-{name}").write_bytes(content)
        stores = open_stores(self._database_url, derived_stores=())
        ingest_paths([folder], store=stores.documents, source="laws", ingested_by="benchmark")
        stores.close()

    def forget_signals(self) -> None:
        """As before the first run; what was learnt stays."""
        for file in self.signals.glob("*/**/*.*"):
            file.unlink()

    def run(self, *arguments: str) -> Run:
        """One task to its end.

        Raises:
            RuntimeError: If it failed, with what it said.
        """
        started, before = time.monotonic(), _children_cpu_s()
        child = subprocess.Popen([*_COMMAND, *arguments], env=self._environment, stdout=subprocess.PIPE, text=True)
        peak = TreePeak(child.pid)
        peak.start()
        output, _ = child.communicate()
        seconds = round(time.monotonic() - started, 1)
        peak.join()
        if child.returncode:
            raise RuntimeError(output[-2000:])
        cpu_s = round(_children_cpu_s() - before, 1)
        return Run(json.loads(output.splitlines()[-1]), seconds, cpu_s, peak.mb)

    @property
    def _environment(self) -> Mapping[str, str]:
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path) or str(Path.cwd()),
            "CLARA_ENVIRONMENT": "testing",
            "CLARA_HOME": str(self.folder),
            "CLARA_DATABASE_URL": self._database_url,
            "CLARA_QUALITY_WORKERS": str(WORKERS),
        }


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
