"""The process behind `clara quality`, on a real database and with workers of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.database.stores import Stores, open_stores
from tests.support.curated import COSTLY, FIGURES, PROSE, a_law, different_prose

Quality = Callable[..., dict[str, Any]]
COMMAND = (sys.executable, "-m", "backend.datasets.curation")


@pytest.fixture
def env(tmp_path: Path, sqlite_url: str) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CLARA_ENVIRONMENT": "testing",
        "CLARA_HOME": str(tmp_path / "home"),
        "CLARA_DATABASE_URL": sqlite_url,
        "CLARA_QUALITY_WORKERS": "2",
    }


@pytest.fixture
def stores(sqlite_url: str) -> Iterator[Stores]:
    opened = open_stores(sqlite_url)
    prose = different_prose(2400)
    laws = [a_law(f"{n:03}.md", *prose[n * 12 : n * 12 + 12]) for n in range(200)]
    opened.documents.put_many([*laws, a_law("x.md", PROSE, FIGURES, COSTLY), a_law("y.md", PROSE)])
    yield opened
    opened.close()


@pytest.fixture
def quality(env: Mapping[str, str], stores: Stores) -> Quality:
    """Runs one task; returns its last line."""

    def run(*arguments: str, code: int = 0, **more: str) -> dict[str, Any]:
        done = subprocess.run([*COMMAND, *arguments], env={**env, **more}, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return last

    return run


def test_a_run_judges_everything_and_its_list_is_what_a_preview_doubts(quality: Quality, stores: Stores) -> None:
    preview = quality("preview")
    assert stores.reviews.page().total == 0

    run = quality("run")

    assert run["sections"] == 2404
    assert run["decisions"]["reject"] == 1
    assert run["duplicates"]["exact"] == 1
    assert stores.reviews.page().total == run["decisions"]["review"] >= 1
    assert {name: run[name] for name in ("decisions", "rules", "scores")} == {
        name: preview[name] for name in ("decisions", "rules", "scores")
    }
    assert run["examples"][run["rules"]["many_digits"]["examples"][0]]["number"] == "§ 2"


def test_as_many_workers_as_wanted_write_the_same_signals(quality: Quality, env: Mapping[str, str]) -> None:
    folder = Path(env["CLARA_HOME"]) / "data" / "quality" / "signals"
    quality("preview")
    by_two = {file.name: file.read_bytes() for file in folder.glob("*/*.parquet")}
    for file in folder.glob("*/*.parquet"):
        file.unlink()

    quality("preview", CLARA_QUALITY_WORKERS="1")

    assert {file.name: file.read_bytes() for file in folder.glob("*/*.parquet")} == by_two
    assert len(by_two) > 1


def test_killed_at_any_moment_it_ends_where_an_undisturbed_run_does(
    quality: Quality, env: Mapping[str, str], stores: Stores
) -> None:
    expected = quality("preview")
    folder = Path(env["CLARA_HOME"]) / "data" / "quality"
    for file in folder.rglob("*.*"):
        file.unlink()
    for wait_s in (0.6, 1.2, 1.8):
        child = subprocess.Popen([*COMMAND, "run"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.wait()

    run = quality("run")

    assert {name: run[name] for name in ("decisions", "rules", "duplicates")} == {
        name: expected[name] for name in ("decisions", "rules", "duplicates")
    }
    assert stores.reviews.page().total == run["decisions"]["review"]


def test_a_second_task_is_refused_until_the_first_one_is_killed(quality: Quality, env: Mapping[str, str]) -> None:
    first = subprocess.Popen([*COMMAND, "run"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert first.stdout is not None
    assert b"progress" in first.stdout.readline()
    first.send_signal(signal.SIGSTOP)

    refused = quality("preview", code=2)
    first.send_signal(signal.SIGKILL)
    first.communicate()

    assert (refused["family"], refused["code"]) == ("Conflict", "quality_busy")
    assert f"`clara quality run` is under way (process {first.pid}, " in refused["message"]
    assert quality("preview")["sections"] == 2404


def test_what_was_learnt_is_used_from_then_on(quality: Quality, stores: Stores) -> None:
    shuffled = " ".join(sorted(different_prose(1)[0].split()))
    stores.documents.put_many([a_law("z.md", shuffled)])
    before = quality("run")

    learnt = quality("learn")
    after = quality("run")

    assert learnt["trained_words"] > 10_000
    assert {each["signal"] for each in learnt["limits"]} >= {"order_gain", "out_of_vocabulary"}
    assert after["profile"] != before["profile"]
    assert after["decisions"]["reject"] > before["decisions"]["reject"]
    assert "word_order" in after["rules"]


def test_a_calibrated_profile_can_be_used_at_once(quality: Quality, tmp_path: Path) -> None:
    out = tmp_path / "amt.yaml"

    told = quality("calibrate", "--out", str(out))
    preview = quality("preview", "--profile", str(out))

    assert told["texts"] >= 2400
    assert preview["profile"].startswith("amt-1+")
    assert quality("calibrate", "--out", str(out), code=2)["code"] == "profile_file_exists"


def test_a_document_is_explained_and_an_unknown_one_is_refused(quality: Quality, stores: Stores) -> None:
    document = next(each for each in stores.documents.page(limit=300).items if each.path == "x.md")

    told = quality("explain", document.document_id)

    assert [each["decision"] for each in told["sections"]] == ["keep", "reject", "review"]
    assert quality("explain", "doc_x", code=2)["family"] == "NotFound"


def test_a_profile_is_shown_and_an_unknown_one_is_refused(quality: Quality) -> None:
    assert quality("profile", "--profile", "general-en")["language"] == "en"
    assert "legal-de" in quality("profile", "--profile", "nobody", code=2)["message"]
