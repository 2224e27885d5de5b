"""What an earlier attempt published is taken for what it says only while every byte of it is there."""

import shutil
from pathlib import Path

import pytest

from backend.datasets.build_plan import BuildPlan
from backend.datasets.report.file_names import CARD_FILE, REPORT_FOLDER
from backend.datasets.stages import Stage, take_over
from shared.storage import stage
from tests.support.dataset_builds import a_plan, build
from tests.support.killed_builds import digests
from tests.support.legal_texts import candidates

FORMATS = ["jsonl", "csv"]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An attempt that was killed when everything was published, before anybody was told."""
    folder = tmp_path_factory.mktemp("killed")
    plan = _plan(folder / "1")
    build(plan, candidates(4))
    return folder


def _plan(folder: Path) -> BuildPlan:
    return a_plan(folder, export_formats=FORMATS)


def _resumed(killed: Path, home: Path) -> dict[str, str]:
    """Go on with a copy, in another attempt; every file that there is then."""
    take_over(home / "2", [home / "1"])
    build(_plan(home / "2"), candidates(4))
    shutil.rmtree(home / "2" / "work")
    return digests(home / "2")


@pytest.fixture
def home(killed: Path, tmp_path: Path) -> Path:
    shutil.copytree(killed, tmp_path / "home")
    return tmp_path / "home"


@pytest.mark.parametrize(
    "name",
    [
        "exports/csv/train.csv",
        "exports/jsonl/manifest.json",
        f"{REPORT_FOLDER}/{CARD_FILE}",
        "quality/sections.jsonl",
        "lineage/records.tsv",
        "records/train.jsonl",
        f"work/{Stage.WRITTEN}/facts.json",
    ],
)
@pytest.mark.parametrize("harm", ["torn", "gone"])
def test_what_is_damaged_is_written_anew(killed: Path, home: Path, name: str, harm: str) -> None:
    whole = digests(killed / "1")
    file = home / "1" / name
    if harm == "torn":
        file.write_bytes(file.read_bytes()[:-7])
    else:
        file.unlink()

    assert _resumed(killed, home) == {path: digest for path, digest in whole.items() if not path.startswith("work/")}


def test_scratch_folders_of_whoever_was_killed_are_gone(killed: Path, home: Path) -> None:
    for name in (".spool-x", ".describe-x", ".stage-report.1", "exports/.stage-csv.1"):
        (home / "1" / name).mkdir()
        (home / "2" / name).mkdir(parents=True)
    _resumed(killed, home)

    assert list((home / "2").rglob(".*")) == []


def test_records_of_which_there_is_other_word_are_written_anew(killed: Path, home: Path) -> None:
    shutil.rmtree(home / "1" / "records")
    with stage(home / "1" / "records") as staged:
        (staged.path / "train.jsonl").write_text("{}\n", encoding="utf-8")
        staged.publish()

    assert _resumed(killed, home)["records/train.jsonl"] == digests(killed / "1")["records/train.jsonl"]
