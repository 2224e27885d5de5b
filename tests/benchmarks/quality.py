"""Quality of law sections: megabytes per second of CPU time on one core, beside `str.split` of the same text.

Needs ../shared/data (or CLARA_SHARED_DATA). Sections of every fifth law (28 MB) are normalised, and measured and judged
by `legal-de`, in batches as a build does; the plain definitions, one text after the other, take their turn with every
tenth batch. Then ten times that text: every section ten times, each time begun at another place, in a process of its
own. Reading the files is not counted; peak memory is that of the whole process.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from tests.support.shared_data import SHARED_DATA

NORMALISE_BOUND_MB_S, ASSESS_BOUND_MB_S = 15, 5
LINEAR_WITHIN, FLAT_WITHIN = 0.15, 0.1

SCRIPT = """
import json, resource, sys, time
from collections import Counter
from pathlib import Path
from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader
from backend.datasets.quality.batches import batched
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import built_in
from tests.support.plain_quality import plain_judgement, plain_signals

def sections(folder, times):
    for path in sorted(folder.rglob("*.md")):
        with path.open("rb") as stream:
            for document in MarkdownReader().read(stream, ReadContext(path.name)):
                for section in document.sections:
                    for place in (len(section.text) * number // times for number in range(times)):
                        yield f"{section.text[place:]}\\n{section.text[:place]}" if place else section.text

def one_by_one(texts):
    for text in texts:
        signals = plain_signals(text)
        plain_judgement(profile, signals, signals["words"])

def timed(name, call, texts):
    started = time.process_time()
    result = call(texts)
    seconds[name] += time.process_time() - started
    megabytes[name] += sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    return result

profile, seconds, megabytes = built_in("legal-de"), Counter(), Counter()
pipeline = QualityPipeline(profile)
pipeline.assess("Absatz")
is_compared = sys.argv[3] == "compared"
batches = batched(sections(Path(sys.argv[1]), int(sys.argv[2])), size_of=len)
for number, batch in enumerate(batches):
    texts = timed("normalise", lambda raw: [normalise(text) for text in raw], batch)
    timed("assess", pipeline.assess_many, texts)
    timed("split", lambda each: [text.split() for text in each], texts)
    if is_compared and number % 10 == 0:
        timed("plain", one_by_one, texts)
print(json.dumps({
    "megabytes": round(megabytes["assess"], 1),
    "mb_per_s": {name: round(megabytes[name] / seconds[name], 2) for name in seconds},
    "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
}))
"""


def measure() -> dict[str, Any]:
    archive = SHARED_DATA / "gesetze.tar.xz"
    if not archive.is_file():
        return {"skipped": f"{archive} is not there", "holds": True}
    with tempfile.TemporaryDirectory() as folder:
        _extract(archive, Path(folder))
        _run(folder, 1, "compared")  # files and code are warm in what counts
        once, compared, tenfold = _run(folder, 1), _run(folder, 1, "compared"), _run(folder, 10)
    speed, speed_at_10x = (each["mb_per_s"] for each in (once, tenfold))
    slower = {name: round(speed[name] / speed_at_10x[name], 2) for name in ("normalise", "assess")}
    memory = round(tenfold["peak_rss_mb"] / once["peak_rss_mb"], 2)
    return {
        "once": once,
        "tenfold": tenfold,
        "times_the_split": {name: round(speed["split"] / speed[name], 1) for name in ("normalise", "assess")},
        "times_as_fast_as_the_plain_definitions": round(
            compared["mb_per_s"]["assess"] / compared["mb_per_s"]["plain"], 1
        ),
        "seconds_per_megabyte_at_10x": slower,
        "memory_at_10x": memory,
        "bounds": {
            "normalise_mb_per_s": NORMALISE_BOUND_MB_S,
            "assess_mb_per_s": ASSESS_BOUND_MB_S,
            "seconds_per_megabyte_at_10x": 1 + LINEAR_WITHIN,
            "memory_at_10x": 1 + FLAT_WITHIN,
        },
        "holds": speed["normalise"] >= NORMALISE_BOUND_MB_S
        and speed["assess"] >= ASSESS_BOUND_MB_S
        and max(slower.values()) <= 1 + LINEAR_WITHIN
        and memory <= 1 + FLAT_WITHIN,
    }


def _extract(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        laws = (member for member in tar if member.name.endswith(".md"))
        tar.extractall(folder, members=islice(laws, 0, None, 5), filter="data")


def _run(folder: str, times: int, mode: str = "alone") -> dict[str, Any]:
    command = [sys.executable, "-c", SCRIPT, folder, str(times), mode]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
