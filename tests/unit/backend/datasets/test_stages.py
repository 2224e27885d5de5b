"""Finished stages: taken over whole, for the same plan only, and never a torn one."""

from pathlib import Path

import pytest

from backend.datasets import stages
from backend.datasets.stages import WORK, BuildStages, Stage, clear_stages, take_over, used_documents
from shared import storage
from shared.storage import stage


def _save(path: Path) -> None:
    path.write_bytes(b"spool")


def _kept(attempt: Path, name: Stage, key: str = "plan") -> BuildStages:
    kept = BuildStages(attempt, key)
    kept.keep(name, {"n": 1}, documents=["doc_1", "doc_2"], save=_save)
    return kept


def _published(folder: Path) -> None:
    with stage(folder) as staged:
        (staged.path / "x.jsonl").write_text("{}\n")
        staged.publish()


def test_a_stage_is_read_as_it_was_kept_and_told_once(tmp_path: Path) -> None:
    told: list[Stage] = []
    kept = BuildStages(tmp_path / "1", "plan", finished=told.append)
    assert kept.facts(Stage.FOUND) is None
    kept.keep(Stage.FOUND, {"n": 1}, documents=["doc_1"], save=_save)

    assert kept.fetch(Stage.FOUND, tmp_path / "copy") == {"n": 1}
    assert (tmp_path / "copy").read_bytes() == b"spool"
    assert told == [Stage.FOUND]
    assert list(used_documents(tmp_path / "1")) == ["doc_1"]


def test_a_later_stage_makes_earlier_ones_superfluous(tmp_path: Path) -> None:
    _kept(tmp_path / "1", Stage.FOUND)
    kept = _kept(tmp_path / "1", Stage.SETTLED)

    assert kept.facts(Stage.FOUND) is None
    assert kept.facts(Stage.SETTLED) == {"n": 1}


def test_another_plan_begins_anew(tmp_path: Path) -> None:
    _kept(tmp_path / "1", Stage.SETTLED)

    assert BuildStages(tmp_path / "1", "other plan").facts(Stage.SETTLED) is None


@pytest.mark.parametrize("harm", ["altered", "missing", "no manifest", "facts"])
def test_a_damaged_stage_counts_for_nothing(tmp_path: Path, harm: str) -> None:
    kept = _kept(tmp_path / "1", Stage.SETTLED)
    folder = tmp_path / "1" / WORK / Stage.SETTLED
    if harm == "altered":
        (folder / "file").write_bytes(b"spooL")
    elif harm == "missing":
        (folder / "file").unlink()
    elif harm == "no manifest":
        (folder / "manifest.json").unlink()
    else:
        (folder / "facts.json").write_text("[")

    assert kept.fetch(Stage.SETTLED, tmp_path / "copy") is None


def test_the_newest_stage_of_each_kind_is_taken_over(tmp_path: Path) -> None:
    _kept(tmp_path / "1", Stage.FOUND)
    _kept(tmp_path / "2", Stage.SETTLED)
    take_over(tmp_path / "3", [tmp_path / "2", tmp_path / "1"])

    assert BuildStages(tmp_path / "3", "plan").facts(Stage.SETTLED) == {"n": 1}
    assert not (tmp_path / "2" / WORK / Stage.SETTLED).exists()


def test_records_are_taken_over_with_the_word_of_how_they_ended_only(tmp_path: Path) -> None:
    _published(tmp_path / "1" / "records")
    take_over(tmp_path / "2", [tmp_path / "1"])
    assert not (tmp_path / "2" / "records").exists()

    _published(tmp_path / "1" / "exports" / "csv")
    (tmp_path / "1" / "exports" / ".stage-json.1").mkdir()
    _kept(tmp_path / "1", Stage.WRITTEN)
    take_over(tmp_path / "2", [tmp_path / "1"])

    moved = sorted(path.relative_to(tmp_path / "2").as_posix() for path in (tmp_path / "2").rglob("manifest.json"))
    assert moved == ["exports/csv/manifest.json", "records/manifest.json", "work/written/manifest.json"]
    assert BuildStages(tmp_path / "2", "plan").facts(Stage.WRITTEN) == {"n": 1}


def test_what_is_taken_over_outlives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _published(tmp_path / "1" / "exports" / "csv")
    _kept(tmp_path / "1", Stage.WRITTEN)
    synced: list[tuple[Path, list[str]]] = []

    def fsync_folder(path: Path) -> None:
        synced.append((path, sorted(each.name for each in path.iterdir())))

    for module in (stages, storage):
        monkeypatch.setattr(module, "fsync_folder", fsync_folder)
    take_over(tmp_path / "2", [tmp_path / "1"])

    # every folder that something was put into is made known to the disk behind that, the new ones above it too
    second = tmp_path / "2"
    assert (tmp_path, ["1", "2"]) in synced
    assert (second, ["exports"]) in synced
    assert (second / "exports", ["csv"]) in synced
    assert (second, ["exports", "work"]) in synced
    assert synced[-1] == (second / "work", ["written"])


def test_nothing_is_left_when_a_build_has_ended(tmp_path: Path) -> None:
    _kept(tmp_path / "1", Stage.WRITTEN)
    clear_stages(tmp_path / "1")

    assert list((tmp_path / "1").iterdir()) == []
    assert list(used_documents(tmp_path / "1")) == []
