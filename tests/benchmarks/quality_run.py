"""`python -m backend.datasets.curation run` over 5,957 laws: everything of `legal-de`, duplicates and personal data.

Needs ../shared/data (or CLARA_SHARED_DATA). The laws are ingested and a fluency model is learnt beforehand; then all
sections are normalised, measured (signals, language, fluency, personal data), compared with each other and judged, by
two worker processes. The same is done with every tenth law: `times_tenth` says how much longer all of them take.
`peak_rss_mb` is that of all processes together, pages that they share counted in each, sampled ten times a second.
`again_s` is a run when nothing is new, `rejudged_s` a preview of another profile. `quality_growth` is about ten times
the text.
"""

import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks._curated_home import WORKERS, CuratedHome
from tests.support.real_texts import LAWS, law_files
from tests.support.shared_data import SHARED_DATA

TENTH = 10
BOUNDS = {"seconds": 60.0, "peak_rss_mb": 600, "times_tenth": 11.5}


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


def _measured(folder: Path, *, every: int) -> dict[str, Any]:
    home = CuratedHome(folder)
    home.ingest((name, stream.read()) for name, stream in law_files(every))
    home.run("learn")
    home.forget_signals()
    first = home.run("run")
    return {
        "mb": round(first.told["characters"] / 1e6, 1),
        "sections": first.told["sections"],
        "seconds": first.seconds,
        "peak_rss_mb": first.peak_rss_mb,
        "again_s": home.run("run").seconds,
        "rejudged_s": home.run("preview", "--profile", "legal-de").seconds,
        "duplicates": {kind: first.told["duplicates"][kind] for kind in ("exact", "near")},
    }
