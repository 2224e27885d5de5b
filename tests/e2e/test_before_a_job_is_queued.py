"""What a person learns of their records before anything is trained on them."""

import json

import pytest

from tests.support.installation import Installation, until

BAD = [{"text": "Die Frist beginnt mit dem Antrag."}, {"text": ""}, {"txt": "x"}]
STEPS = {"training": {"max_steps": 2, "batch_size": 2}, "data": {"max_length": 64}}


def bad_file(it: Installation) -> str:
    path = it.home / "data" / "bad.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in BAD), encoding="utf-8")
    return path.name


def test_a_dry_run_tells_what_is_in_the_records_and_orders_nothing(ready: tuple[Installation, str]) -> None:
    it, dataset_id = ready
    with it.client() as client:
        before = client.jobs.page().total_count
    shown = it.clara("train", "--dataset", dataset_id, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "Tokens per record" in shown.stdout
    assert "what is trained is marked" in shown.stdout
    assert "The job would be queued." in shown.stderr
    told = json.loads(it.clara("train", "--dataset", dataset_id, "--dry-run", "--json").stdout)
    assert told["is_accepted"]
    assert told["config"]["data"]["dataset_id"] == dataset_id
    assert told["resolved_defaults"]["base_model"]
    report = told["preflight"]
    assert report["plan"]["train_records"] > 0
    assert report["estimate"]["memory_mb"] > 100
    with it.client() as client:
        assert client.jobs.page().total_count == before


def test_bad_rows_are_named_by_line_and_the_exit_code_says_so(ready: tuple[Installation, str]) -> None:
    it, _ = ready
    order = ("train", "--set", f"data.train_file={bad_file(it)}", "--dry-run")
    shown = it.clara(*order)
    assert shown.returncode == 2
    assert "The job would fail: 2 problem(s)." in shown.stderr
    told = json.loads(it.clara(*order, "--json").stdout)
    assert [(row["line"], row["field"]) for row in told["preflight"]["problems"]["rows"]] == [(2, "text"), (3, "")]


def test_a_job_with_bad_rows_fails_before_it_is_queued(ready: tuple[Installation, str]) -> None:
    it, _ = ready
    with it.client() as client:
        job_id = client.jobs.submit(config={"data": {"train_file": bad_file(it)}}).job_id
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert (job.status, job.failure_reason) == ("failed", "rejected")
        assert "bad.jsonl line 2, text: is empty" in (job.error_message or "")
        assert client.jobs.attempts(job_id) == []
        assert client.jobs.preflight(job_id)["problems"]["count"] == 2
    shown = it.clara("jobs", "preflight", job_id)
    assert "must be text" in shown.stdout or "is empty" in shown.stdout


def test_what_was_found_before_stays_with_the_job(ready: tuple[Installation, str]) -> None:
    it, dataset_id = ready
    with it.client() as client:
        job_id = client.jobs.submit(config=STEPS, dataset_id=dataset_id).job_id
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert job.status == "completed", job
        found = client.jobs.preflight(job_id)
    assert found["plan"]["total_steps"] == job.total_steps
    assert found["estimate"]["memory_mb"] == pytest.approx(found["actual"]["memory_mb"], rel=0.5)
    assert found["actual"]["seconds"] > 0
    assert "It took" in it.clara("jobs", "preflight", job_id).stdout
    assert list((it.home / "data" / "cache" / "tokens").iterdir())
