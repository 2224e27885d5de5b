"""One attempt at a build, to be killed: `python -m tests.support.resumed_build FOLDER ATTEMPT DOCUMENTS [STAGE]`.

It takes over what earlier attempts finished, says every stage that it finishes itself on stdout, and at the end the
hashes and how many provenance rows it told. With a stage it kills itself as soon as it has said that one: a kill from
outside could come too late.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from backend.datasets.build import DatasetBuild
from backend.datasets.records.candidates import Candidate
from backend.datasets.stages import Stage, clear_stages, take_over
from shared.models.dataset import RecordProvenance
from tests.support.dataset_builds import a_plan
from tests.support.legal_texts import candidates


def attempt(folder: Path, number: int, documents: int, dies_behind: str = "") -> dict[str, object]:
    """Build, or go on building; the hashes of what came out."""
    own = folder / str(number)
    earlier = [folder / str(each) for each in range(number - 1, 0, -1) if (folder / str(each)).is_dir()]
    take_over(own, earlier)
    told: list[RecordProvenance] = []
    searched: list[bool] = []

    def found() -> Iterator[Candidate]:
        searched.append(True)
        yield from candidates(documents)

    def keep(rows: Sequence[RecordProvenance]) -> None:
        told.extend(rows)

    def finished(stage: Stage) -> None:
        say({"stage": stage.value})
        if stage.value == dies_behind:
            os.kill(os.getpid(), signal.SIGKILL)

    build = DatasetBuild(
        a_plan(own, export_formats=["jsonl", "csv"]),
        rulings_of=lambda _: {},
        keep_provenance=keep,
        report=lambda stage, done: None,
        stage_done=finished,
    )
    result = build.run(found(), notes=lambda: {"degraded": {}})
    clear_stages(own)
    return {
        "content_sha256": result.content_sha256,
        "version_sha256": result.version_sha256,
        "manifest_sha256": result.manifest_sha256,
        "statistics": result.statistics,
        "provenance": sorted(each.record_id for each in told),
        "has_searched": bool(searched),
    }


def say(told: Mapping[str, object]) -> None:
    """One line on stdout."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say(attempt(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
