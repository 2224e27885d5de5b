"""DataTrove's own filters, from an environment of their own: they need spaCy, which we do without.

python -m venv /tmp/datatrove && /tmp/datatrove/bin/pip install "datatrove[processing]==0.10.1" "spacy>=3.8,<3.9"
CLARA_TEST_DATATROVE=/tmp/datatrove/bin/python python -m pytest tests/integration/backend/datasets/test_web_rules.py
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.installation import ROOT

PYTHON = os.environ.get("CLARA_TEST_DATATROVE", "")
MISSING = "needs DataTrove: CLARA_TEST_DATATROVE=/path/of/its/python (see tests/support/datatrove_peer.py)"
FILTERS = ("gopher_repetition", "gopher_quality", "fineweb", "c4")

Verdict = Mapping[str, str | None]

_OURS = """
import json, sys, time
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import built_in
from backend.datasets.quality.web_rules.judging import WebRules
texts = json.load(open(sys.argv[1], encoding="utf-8"))
profile = built_in("datatrove-compat")
QualityPipeline(profile).assess_many(["A first text."])
started = time.process_time()
assessments = QualityPipeline(profile).assess_many(texts)
seconds = time.process_time() - started
verdicts = WebRules().judge_many(texts)
assert [set(each.reasons) for each in assessments] == [set(each.reasons) for each in verdicts]
names = ("gopher_repetition", "gopher_quality", "fineweb", "c4", "c4_text")
found = [{name: getattr(verdict, name) for name in names} for verdict in verdicts]
json.dump([found, seconds], open(sys.argv[2], "w", encoding="utf-8"))
"""

_WHOLE = """
import json, sys, time
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import built_in
texts = json.load(open(sys.argv[1], encoding="utf-8"))
pipeline = QualityPipeline(built_in("legal-de"))
pipeline.assess_many(["Ein erster Text."])
started = time.process_time()
pipeline.assess_many([normalise(text) for text in texts])
json.dump([[], time.process_time() - started], open(sys.argv[2], "w", encoding="utf-8"))
"""

# the filters go over one text after the other, so that they share its words, which DataTrove keeps for five texts
_THEIRS = """
import json, sys, time
from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
texts = json.load(open(sys.argv[1], encoding="utf-8"))
filters = {
    "gopher_repetition": GopherRepetitionFilter(),
    "gopher_quality": GopherQualityFilter(),
    "fineweb": FineWebQualityFilter(),
    "c4": C4QualityFilter(),
}
def judged(text):
    found = {}
    for name, each in filters.items():
        document = Document(text=text, id="")
        result = each.filter(document)
        found[name] = None if result is True else result[1]
        if name == "c4":
            found["c4_text"] = document.text if result is True else None
    return found
judged("A first text. It has a second sentence.")
started = time.process_time()
found = [judged(text) for text in texts]
seconds = time.process_time() - started
json.dump([found, seconds], open(sys.argv[2], "w", encoding="utf-8"))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What filters said about texts.

    Args:
        verdicts: Per text the reason of each filter, and under `c4_text` what C4 left.
        cpu_s: CPU seconds of one core, without starting up.
    """

    verdicts: Sequence[Verdict]
    cpu_s: float


def ours(texts: Sequence[str], folder: Path) -> Run:
    """Our verdicts, from a new process."""
    return _run(sys.executable, _OURS, texts, folder)


def whole_profile(texts: Sequence[str], folder: Path) -> Run:
    """The time of `legal-de`, normalising and language included; no verdicts."""
    return _run(sys.executable, _WHOLE, texts, folder)


def theirs(texts: Sequence[str], folder: Path) -> Run:
    """DataTrove's verdicts, from a new process of its environment."""
    return _run(PYTHON, _THEIRS, texts, folder)


def _run(python: str, script: str, texts: Sequence[str], folder: Path) -> Run:
    asked, answer = folder / "texts.json", folder / "verdicts.json"
    asked.write_text(json.dumps(texts), encoding="utf-8")
    # one thread each, so that CPU seconds are those of one core
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [python, "-c", script, str(asked), str(answer)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{python}: {done.stderr[-2000:]}")
    verdicts, seconds = json.loads(answer.read_text(encoding="utf-8"))
    return Run(verdicts, seconds)
