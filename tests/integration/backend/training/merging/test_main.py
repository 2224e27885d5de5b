"""The merging process itself, as the command line starts it: on a real database and real folders."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.database.stores import Stores, open_stores
from shared.models.adapter import Adapter
from shared.models.job import Progress
from shared.storage import verify_folder
from tests.support.installation import ROOT
from tests.support.store_values import running
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import train_adapter, write_jsonl

CONFIG = {"lora": {"r": 4}, "training": {"max_steps": 3, "learning_rate": 0.02, "min_warmup_steps": 1}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `CLARA_HOME` with one base model."""
    home = tmp_path_factory.mktemp("home")
    make_tiny_model(home / "models" / "tiny")
    return home


@pytest.fixture(scope="module")
def stores(home: Path) -> Iterator[Stores]:
    stores = open_stores(f"sqlite:///{home / 'clara.db'}")
    yield stores
    stores.close()


@pytest.fixture(scope="module")
def adapter(home: Path, stores: Stores) -> Adapter:
    """A trained adapter with its row."""
    train = write_jsonl(home / "train.jsonl", [{"text": text} for text in sentences(30)])
    made = train_adapter(home / "models", home / "models" / "tiny", train, CONFIG)
    _, claim = running(stores)
    stores.jobs.complete(claim, made, progress=Progress())
    return stores.adapters.get(made.adapter_id)


def command(home: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLARA_")}
    settings = {"CLARA_HOME": str(home), "CLARA_HUB_OFFLINE": "true", "PYTHONPATH": str(ROOT)}
    return [sys.executable, "-m", "backend.training.merging", *arguments], {**environment, **settings}


def run(home: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    words, environment = command(home, *arguments)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_merge_is_published_below_the_models_folder_and_audited(home: Path, stores: Stores, adapter: Adapter) -> None:
    code, told = run(home, f"--adapter-id={adapter.adapter_id}", "--output=permits", "--dtype=float32", "--threads=1")
    last = told[-1]
    assert (code, last["event"], last["path"]) == (0, "done", str(home / "models" / "permits"))
    assert verify_folder(home / "models" / "permits").sha256 == last["manifest_sha256"]
    assert last["difference"] < 1e-5 < last["effect"]
    assert {line["stage"] for line in told[:-1]} >= {"verifying", "loading", "merging", "saving"}
    (_, entry), *_ = stores.audit.page(object_id=adapter.adapter_id)
    assert (entry.action, entry.detail["path"]) == ("adapter.merged", last["path"])
    assert entry.actor.endswith("(command line)")


@pytest.mark.parametrize(
    ("adapter_id", "output", "family", "code"),
    [
        ("adp_none", "x", "NotFound", "adapter_not_found"),
        ("adp_a", "tiny", "Conflict", "already_published"),
        ("adp_a", "../x", "InvalidInput", "path_not_allowed"),
        ("adp_a", "adapters/x", "InvalidInput", "path_not_allowed"),
        ("adp_a", ".", "InvalidInput", "path_not_allowed"),
    ],
)
def test_what_cannot_be_merged_is_told_with_its_family(
    home: Path, adapter: Adapter, adapter_id: str, output: str, family: str, code: str
) -> None:
    before = sorted((home / "models").iterdir())
    exit_code, told = run(home, f"--adapter-id={adapter_id}", f"--output={output}")
    assert (exit_code, told[-1]["event"], told[-1]["family"], told[-1]["code"]) == (2, "error", family, code)
    assert sorted((home / "models").iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_a_merge_that_is_stopped_leaves_nothing_half_written(home: Path, adapter: Adapter) -> None:
    words, environment = command(home, f"--adapter-id={adapter.adapter_id}", "--output=stopped")
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        next(line for line in child.stdout if '"saving"' in line)
        child.terminate()
        child.stdout.read()
    assert not list((home / "models").glob(".stage-*"))
    if child.returncode != 0:
        assert not (home / "models" / "stopped").exists()
