"""The routes of the training service as a client meets them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.development import DevelopmentConfig
from shared.models.adapter import Checkpoint
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, Progress, QueueLimits
from shared.utils.clock import utc_now
from tests.support.services import client_of
from tests.support.training_desk import Desk, a_published_adapter, service_at

pytestmark = pytest.mark.anyio

JOBS = "/api/training/jobs"
ORDER: dict[str, Any] = {"trainer_type": "lora", "config": {}, "dataset_path": "train.jsonl"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, limits=QueueLimits(total=10, per_user=3))


@pytest.fixture
async def client(desk: Desk, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service_at(desk, DevelopmentConfig(home=tmp_path, security_mode="debug"))) as client:
        yield client


async def test_a_repeated_submit_answers_with_the_first_job_and_says_so(client: httpx.AsyncClient) -> None:
    first = await client.post(JOBS, json=ORDER, headers={"Idempotency-Key": "k"})
    again = await client.post(JOBS, json=ORDER, headers={"idempotency-key": "k"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["job_id"] == first.json()["job_id"]
    assert first.json()["resolved_defaults"] == {"base_model": "starter"}


async def test_sixty_four_posts_at_once_with_one_key_make_one_job(client: httpx.AsyncClient) -> None:
    posts = [client.post(JOBS, json=ORDER, headers={"Idempotency-Key": "k"}) for _ in range(64)]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 63


async def test_a_key_with_another_body_is_a_problem(client: httpx.AsyncClient) -> None:
    await client.post(JOBS, json=ORDER, headers={"Idempotency-Key": "k"})
    answer = await client.post(JOBS, json={**ORDER, "priority": 2}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "idempotency_mismatch"


@pytest.mark.parametrize("key", [b"", b"x" * 201, b"tab\there", "schlüssel".encode("latin-1"), b"\x80"])
async def test_a_key_that_no_one_could_repeat_is_refused(client: httpx.AsyncClient, key: bytes) -> None:
    answer = await client.post(JOBS, json=ORDER, headers=[(b"Idempotency-Key", key)])
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "idempotency-key", "reason": "is refused: must be 1 to 200 printable ASCII characters"}
    ]
    assert (await client.get(JOBS)).json()["total_count"] == 0


@pytest.mark.parametrize("key", ["k", " k ", "~" * 200, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
async def test_every_printable_key_is_taken(client: httpx.AsyncClient, key: str) -> None:
    assert (await client.post(JOBS, json=ORDER, headers={"Idempotency-Key": key})).status_code == 200


async def test_past_the_quota_the_answer_is_429_with_the_time_to_wait(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        assert (await client.post(JOBS, json=ORDER)).status_code == 200
    answer = await client.post(JOBS, json=ORDER)
    assert (answer.status_code, answer.json()["code"]) == (429, "queue_full")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["error"]["type"] == "rate_limit_error"
    assert (await client.get(JOBS)).json()["total_count"] == 3


async def test_a_paused_job_says_so_until_it_is_resumed(client: httpx.AsyncClient, desk: Desk) -> None:
    job_id = (await client.post(JOBS, json=ORDER)).json()["job_id"]
    desk.manager.admit_pending()
    paused = (await client.post(f"{JOBS}/{job_id}/pause")).json()
    assert (paused["status"], paused["data"]["is_paused"]) == ("queued", True)
    assert paused["paused_by"] == "debug@clara.local"
    assert (await client.get(f"{JOBS}/{job_id}")).json()["is_paused"]
    resumed = (await client.post(f"{JOBS}/{job_id}/resume")).json()
    assert (resumed["job_id"], resumed["data"]["is_paused"]) == (job_id, False)
    assert "goes on" in resumed["message"]


async def test_a_running_job_is_asked_to_let_go(client: httpx.AsyncClient, desk: Desk) -> None:
    job_id = desk.submit()
    desk.claimed()
    assert "let go with a checkpoint" in (await client.post(f"{JOBS}/{job_id}/pause")).json()["message"]
    assert "within the grace" in (await client.post(f"{JOBS}/{job_id}/cancel")).json()["message"]


@pytest.mark.parametrize("action", ["pause", "cancel"])
async def test_what_has_ended_is_a_bad_request_and_what_is_unknown_is_not_found(
    client: httpx.AsyncClient, desk: Desk, action: str
) -> None:
    job_id = desk.submit()
    assert (await client.delete(f"{JOBS}/{job_id}")).status_code == 200
    answer = await client.post(f"{JOBS}/{job_id}/{action}")
    assert (answer.status_code, answer.json()["code"]) == (400, "job_already_finished")
    assert (await client.post(f"{JOBS}/job_x/{action}")).status_code == 404


@pytest.mark.parametrize("action", ["retry", "resume"])
async def test_a_repeated_second_try_makes_one_more_job_not_two(
    client: httpx.AsyncClient, desk: Desk, action: str
) -> None:
    job_id = desk.submit()
    _, claim = desk.claimed()
    desk.stores.jobs.add_checkpoint(claim, Checkpoint(job_id, claim.epoch, 1, "c", "0" * 64, utc_now()))
    desk.stores.jobs.fail(claim, error_message="The disk is full.", outcome=AttemptOutcome.TEMPORARY_ERROR)
    posts = [client.post(f"{JOBS}/{job_id}/{action}", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    first, again = [await post for post in posts]
    assert first.json()["job_id"] == again.json()["job_id"] != job_id
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_failed_job_tells_its_reason_and_its_attempts(client: httpx.AsyncClient, desk: Desk) -> None:
    job_id = desk.submit()
    _, claim = desk.claimed()
    desk.stores.jobs.fail(claim, error_message="Loss is NaN.", outcome=AttemptOutcome.ERROR)
    job = (await client.get(f"{JOBS}/{job_id}")).json()
    assert (job["failure_reason"], job["crash_count"], job["error_count"], job["max_attempts"]) == ("error", 0, 0, 3)
    (attempt,) = (await client.get(f"{JOBS}/{job_id}/attempts")).json()["attempts"]
    assert (attempt["outcome"], attempt["message"], attempt["owner"]) == ("error", "Loss is NaN.", "w")
    assert (await client.get(f"{JOBS}/job_x/attempts")).status_code == 404


async def test_a_damaged_adapter_is_named_with_what_is_wrong(client: httpx.AsyncClient, desk: Desk) -> None:
    adapter = a_published_adapter(desk)
    good = (await client.get("/api/training/adapters/adp_1/verify")).json()
    assert (good["is_valid"], good["files"], good["size_bytes"]) == (True, 2, 11)
    Path(adapter.path, "README.md").write_text("care", encoding="utf-8")
    bad = (await client.get("/api/training/adapters/adp_1/verify")).json()
    assert (bad["is_valid"], bad["reason"]) == (False, "README.md was altered")
    assert (await client.get("/api/training/adapters/adp_2/verify")).status_code == 404


async def test_the_documentation_names_the_key_the_replay_and_the_wait(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path in (JOBS, f"{JOBS}/{{job_id}}/retry", f"{JOBS}/{{job_id}}/resume"):
        post = paths[path]["post"]
        assert "idempotency-key" in {parameter["name"].lower() for parameter in post["parameters"]}
        assert "Idempotency-Replayed" in post["responses"]["200"]["headers"]
        assert "Retry-After" in post["responses"]["429"]["headers"]


async def test_the_figures_of_a_long_run_are_thinned_and_none_is_missed_by_asking_for_more(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    job_id = desk.submit()
    _, claim = desk.claimed()
    for step in range(1, 101):
        desk.stores.jobs.record_progress(claim, Progress(current_step=step, metrics={"loss": 1 / step}))
        if step % 10 == 0:
            progress = Progress(current_step=step, metrics={"loss": 1.0})
            desk.stores.jobs.record_progress(
                claim, progress, kind=EventType.EVALUATION, detail={"evaluation": {"eval_loss": 2.0}}
            )
    found = (await client.get(f"{JOBS}/{job_id}/metrics", params={"points": 12})).json()
    assert [row["step"] for row in found["steps"]] == [1, 10, 19, 28, 37, 46, 55, 64, 73, 82, 91, 100]
    assert found["latest"] == {"step": 100, "loss": 0.01}
    assert found["evaluations"] == [{"step": step, "eval_loss": 2.0} for step in range(10, 101, 10)]
    assert (found["logged_steps"], found["logged_evaluations"], found["is_thinned"]) == (100, 10, True)
    whole = (await client.get(f"{JOBS}/{job_id}/metrics")).json()
    assert (len(whole["steps"]), whole["is_thinned"]) == (100, False)

    desk.stores.jobs.record_progress(claim, Progress(current_step=101, metrics={"loss": 0.5}))
    later = (await client.get(f"{JOBS}/{job_id}/metrics", params={"after": found["next_after"]})).json()
    assert (later["steps"], later["evaluations"]) == ([{"step": 101, "loss": 0.5}], [])
    nothing = (await client.get(f"{JOBS}/{job_id}/metrics", params={"after": later["next_after"]})).json()
    assert (nothing["latest"], nothing["next_after"]) == (None, later["next_after"])


@pytest.mark.parametrize("points", [1, 10_001])
async def test_a_number_of_points_without_sense_is_refused(client: httpx.AsyncClient, points: int) -> None:
    answer = await client.get(f"{JOBS}/job_x/metrics", params={"points": points})
    assert answer.status_code == 422


async def test_the_report_of_a_job_is_a_page_that_a_browser_may_only_draw(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    adapter = a_published_adapter(desk)
    missing = await client.get(f"{JOBS}/{adapter.job_id}/report.html")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_report")
    (Path(adapter.path) / "report.html").write_text("<!doctype html><title>Bericht</title>", encoding="utf-8")
    answer = await client.get(f"{JOBS}/{adapter.job_id}/report.html")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "sandbox", "frame-ancestors 'none'", "form-action 'none'"} <= set(policy)
    assert not [part for part in policy if "script" in part]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "Bericht" in answer.text


async def test_a_report_that_is_a_link_to_elsewhere_is_not_handed_out(
    desk: Desk, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    adapter = a_published_adapter(desk)
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    for name, route in (
        ("report.html", "report.html"),
        ("loss_curve.png", "loss-curve.png"),
        ("report.json", "report"),
    ):
        (Path(adapter.path) / name).symlink_to(tmp_path / "secret")
        answer = await client.get(f"{JOBS}/{adapter.job_id}/{route}")
        assert (answer.status_code, answer.json()["code"]) == (422, "path_not_allowed")
