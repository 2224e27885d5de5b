"""From what people say of answers to a verdict on what was learnt from it, through the public surfaces."""

import json
import time
from pathlib import Path

import pytest

from frontend.client import ClaraClient
from shared.database.stores import open_stores
from tests.support.installation import Installation
from tests.support.quick_service import quick_services
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import write_jsonl

SMALL = ("--set", "training.max_steps=4", "--set", "lora.r=4", "--set", "data.max_length=64")


def ratings(count: int, *, first: int = 0) -> list[dict[str, object]]:
    answers = sentences(count, seed=first + 1, words=8)
    return [{"prompt": f"Gebühr {first + n}?", "answer": answer, "rating": 5} for n, answer in enumerate(answers)]


@pytest.fixture(scope="module")
def judged(ready: tuple[Installation, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, str]:
    """The installation and the id of a completed continuous run."""
    it, dataset_id = ready
    bad = [
        {"prompt": "Gebühr 900?", "answer": "Falsch gesagt.", "rating": 1},
        {"prompt": "Gebühr 901?", "answer": "Falsch.", "rating": 1, "correction": "Die Satzung gilt."},
        {"prompt": "Gebühr 902?", "answer": "…", "rating": 5},
    ]
    file = write_jsonl(tmp_path_factory.mktemp("feedback") / "ratings.jsonl", [*ratings(60), *bad])
    imported = it.clara("feedback", "import", str(file), "--json")
    # one line was rejected, and is named
    assert imported.returncode == 1, imported.stderr
    assert {key: json.loads(imported.stdout)[key] for key in ("accepted", "rejected")} == {
        "accepted": 62,
        "rejected": 1,
    }
    trained = it.clara("train", "--trainer", "continuous", "--dataset", dataset_id, *SMALL, "--watch")
    assert trained.returncode == 0, trained.stderr
    with it.client() as client:
        return it, client.jobs.page().jobs[0].job_id


def test_the_report_says_what_was_compared_and_what_followed(judged: tuple[Installation, str]) -> None:
    it, job_id = judged
    with it.client() as client:
        comparison = client.jobs.report(job_id)["metrics"]["comparison"]
        adapter = client.adapters.get(str(client.jobs.get(job_id).adapter_id))
    assert comparison == adapter.metrics["comparison"]
    # the adapter before was none; the dataset's test split was the yardstick, its train split was replayed
    assert comparison["compared_with"] is None
    assert comparison["golden"]["records"] >= 10
    mix = comparison["mix"]
    assert mix["new_records"] + mix["held_out_records"] == 61
    assert mix["replayed_records"] == round(mix["new_records"] / 4)
    shown = it.clara("jobs", "report", job_id)
    assert comparison["verdict"].upper() in shown.stdout


def test_bad_and_rejected_items_are_nowhere_among_the_records(judged: tuple[Installation, str]) -> None:
    it, job_id = judged
    written = (it.home / "data" / "jobs" / job_id / "inputs" / "feedback.jsonl").read_text(encoding="utf-8")
    assert "Falsch" not in written
    assert "Gebühr 902" not in written
    assert "Die Satzung gilt." in written


def test_a_person_may_overrule_the_verdict_and_that_is_written_down(judged: tuple[Installation, str]) -> None:
    it, job_id = judged
    with it.client() as client:
        adapter = client.adapters.get(str(client.jobs.get(job_id).adapter_id))
    is_rejected = adapter.metrics["comparison"]["verdict"] == "reject"
    plain = it.clara("adapters", "promote", adapter.adapter_id)
    assert plain.returncode == (5 if is_rejected else 0), plain.stderr
    overruled = it.clara("adapters", "promote", adapter.adapter_id, "--override", "--json")
    assert overruled.returncode == 0, overruled.stderr
    assert json.loads(overruled.stdout)["is_override"] is is_rejected
    assert adapter.adapter_id in it.clara("adapters", "active").stdout
    stores = open_stores(f"sqlite:///{it.home / 'clara.db'}")
    ((_, entry),) = stores.audit.page(object_id=adapter.adapter_id)
    stores.close()
    assert (entry.action, entry.actor) == ("adapter.promoted", "debug@clara.local")
    assert (entry.detail["overridden"] is not None) is is_rejected


def test_what_came_before_is_not_new_for_the_next_run(judged: tuple[Installation, str]) -> None:
    it, job_id = judged
    with it.client() as client:
        adapter_id = str(client.jobs.get(job_id).adapter_id)
        client.adapters.promote(adapter_id, override=True)
        parent = client.jobs.get(job_id).as_json()["config"]["continuous"]
    early = it.clara("train", "--trainer", "continuous", *SMALL)
    assert early.returncode == 2
    assert "not_enough_feedback" in early.stderr
    with it.client() as client:
        client.feedback.give(ratings(50, first=100))
        submitted = client.jobs.submit(trainer_type="continuous", config={})
        fixed = client.jobs.get(submitted.job_id).as_json()["config"]["continuous"]
        client.jobs.cancel(submitted.job_id)
    assert (fixed["parent_adapter_id"], fixed["feedback_after"]) == (adapter_id, parent["feedback_until"])
    assert fixed["replay_ranges"] == [[0, parent["feedback_until"]]]
    assert "parent_adapter_id" in submitted.message


def test_services_on_one_database_start_one_run_by_themselves(tmp_path: Path) -> None:
    home = tmp_path / "home"
    make_tiny_model(home / "models" / "tiny")
    golden = [{"prompt": f"Gold {n}?", "completion": "Ja."} for n in range(12)]
    (home / "data").mkdir()
    write_jsonl(home / "data" / "golden.jsonl", golden)
    (home / "configs").mkdir()
    (home / "configs" / "nightly.yaml").write_text("continuous: {golden_file: golden.jsonl}\n", encoding="utf-8")
    settings = {
        "CLARA_DEFAULT_BASE_MODEL": "tiny",
        "CLARA_CONTINUOUS_AFTER_ITEMS": "50",
        "CLARA_CONTINUOUS_CHECK_SECONDS": "0.1",
        "CLARA_CONTINUOUS_CONFIG_PATH": "nightly.yaml",
    }
    with quick_services(2, home, **settings) as services, ClaraClient(*[services[0].url] * 3) as client:
        client.feedback.give(ratings(60))
        *_, last = client.jobs.watch(wait_for_a_job(client))
        (job,) = client.jobs.page().jobs
        assert (job.created_by, job.trainer_type, last.status) == ("continuous@clara.local", "continuous", "completed")
        assert job.as_json()["config"]["continuous"]["feedback_until"] == 60
        assert client.jobs.report(job.job_id)["metrics"]["comparison"]["verdict"] in {"promote", "reject"}


def wait_for_a_job(client: ClaraClient) -> str:
    """The id of the first job that there is."""
    give_up = time.monotonic() + 30
    while not (jobs := client.jobs.page().jobs):
        assert time.monotonic() < give_up, "no run was started"
        time.sleep(0.1)
    return jobs[0].job_id
