"""`python -m backend.datasets.curation run` over 5,957 laws: everything of `legal-de`, duplicates and personal data.

Needs ../shared/data (or CLARA_SHARED_DATA). The laws are ingested and a fluency model is learnt beforehand; then all
sections are normalised, measured (signals, language, fluency, personal data), compared with each other and judged, by
two worker processes. The same is done with every tenth law: `times_tenth` says how much longer all of them take.
`peak_rss_mb` is that of all processes together, sampled ten times a second. `again_s` is a run when nothing is new,
`rejudged_s` a preview of another profile.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.datasets.ingest.pipeline import ingest_paths
from shared.database.stores import open_stores
from tests.support.real_texts import LAWS, law_files
from tests.support.shared_data import SHARED_DATA

WORKERS = 2
TENTH = 10
BOUNDS = {"seconds": 60.0, "peak_rss_mb": 600, "times_tenth": 11.5}
_COMMAND = (sys.executable, "-m", "backend.datasets.curation")


def measure() -> dict[str, Any]:
    if not (SHARED_DATA / LAWS).is_file():
        return {"skipped": f"{LAWS} not in {SHARED_DATA}", "holds": True}
    with tempfile.TemporaryDirectory() as folder:
        tenth = _measured(Path(folder) / "tenth", every=TENTH)
        every = _measured(Path(folder) / "all", every=1)
    times = round(every["seconds"] / tenth["seconds"], 1)
    return {
        "workers": WORKERS,
        "all": every,
        "tenth": tenth,
        "times_tenth": times,
        "bounds": BOUNDS,
        "holds": every["seconds"] <= BOUNDS["seconds"]
        and every["peak_rss_mb"] <= BOUNDS["peak_rss_mb"]
        and times <= BOUNDS["times_tenth"],
    }


def _measured(home: Path, *, every: int) -> dict[str, Any]:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path) or str(Path.cwd()),
        "CLARA_ENVIRONMENT": "testing",
        "CLARA_HOME": str(home),
        "CLARA_DATABASE_URL": f"sqlite:///{home / 'clara.db'}",
        "CLARA_QUALITY_WORKERS": str(WORKERS),
    }
    _ingest(home, every)
    _told(environment, "learn")
    for file in (home / "data" / "quality").glob("*/**/*.*"):
        file.unlink()
    first = _told(environment, "run")
    return {
        "mb": round(first["told"]["characters"] / 1e6, 1),
        "sections": first["told"]["sections"],
        "seconds": first["seconds"],
        "peak_rss_mb": first["peak_rss_mb"],
        "again_s": _told(environment, "run")["seconds"],
        "rejudged_s": _told(environment, "preview", "--profile", "legal-de")["seconds"],
        "duplicates": {kind: first["told"]["duplicates"][kind] for kind in ("exact", "near")},
    }


def _ingest(home: Path, every: int) -> None:
    laws = home / "laws"
    laws.mkdir(parents=True)
    for name, stream in law_files(every):
        place = laws / f"{len(list(laws.iterdir())) if (laws / name).exists() else ''}{name}"
        place.write_bytes(stream.read())
    stores = open_stores(f"sqlite:///{home / 'clara.db'}", derived_stores=())
    ingest_paths([laws], store=stores.documents, source="laws", ingested_by="benchmark")
    stores.close()


def _told(environment: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    started = time.monotonic()
    child = subprocess.Popen([*_COMMAND, *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    peak = _Peak(child.pid)
    peak.start()
    output, _ = child.communicate()
    seconds = round(time.monotonic() - started, 1)
    peak.join()
    if child.returncode:
        raise RuntimeError(output[-2000:])
    return {"told": json.loads(output.splitlines()[-1]), "seconds": seconds, "peak_rss_mb": round(peak.kib / 1024)}


class _Peak(threading.Thread):
    """The most memory that a process and its children had at one time."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.kib = 0

    def run(self) -> None:
        while Path(f"/proc/{self._pid}/fd").exists() and (now := self._now()) is not None:
            self.kib = max(self.kib, now)
            time.sleep(0.1)

    def _now(self) -> int | None:
        """KiB; None once the process is gone."""
        try:
            children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text(encoding="ascii").split()
        except OSError:
            return None
        return sum(_rss_kib(pid) for pid in (str(self._pid), *children))


def _rss_kib(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
