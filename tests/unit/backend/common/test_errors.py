import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import APIRouter, HTTPException

from backend.common.errors import status_of
from shared.auth.models import Unauthenticated
from shared.errors import ClaraError, Conflict, InvalidInput, NotFound, NotPermitted, Unavailable
from shared.models.users import Role
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio

router = APIRouter()


class JobNotFound(NotFound):
    code = "job_not_found"


class AlreadyFinished(Conflict):
    code = "already_finished"


ERRORS: dict[str, Exception] = {
    "missing": JobNotFound("There is no job job_1.", job_id="job_1", status="fake", error="fake", title="fake"),
    "conflict": Conflict("It is being written.", field="name"),
    "finished": AlreadyFinished("Job job_1 is completed."),
    "invalid": InvalidInput("Half a character: \ud800"),
    "refused": NotPermitted("Not you."),
    "unknown": Unauthenticated("expired"),
    "down": Unavailable("The disk is full.", retry_after_s=7),
    "context": Conflict(
        "x", role=Role.ADMIN, roles={Role.TRAINER, Role.ADMIN}, path=Path("a"), at=datetime(2026, 1, 1, tzinfo=UTC),
        nan=float("nan"), nested={"a": [1]},
    ),
    "teapot": HTTPException(418, "I am one."),
    "anonymous": HTTPException(401, "token expired"),
    "bug": RuntimeError("internal canary"),
}  # fmt: skip


@router.get("/raise/{name}")
async def fail(name: str) -> None:
    raise ERRORS[name]


@pytest.mark.parametrize(
    ("name", "status", "code", "openai_type"),
    [
        ("missing", 404, "job_not_found", "invalid_request_error"),
        ("conflict", 409, "conflict", "invalid_request_error"),
        ("finished", 400, "already_finished", "invalid_request_error"),
        ("invalid", 422, "invalid_input", "invalid_request_error"),
        ("refused", 403, "not_permitted", "invalid_request_error"),
        ("unknown", 401, "unauthenticated", "invalid_request_error"),
        ("down", 503, "unavailable", "server_error"),
        ("teapot", 418, "i_m_a_teapot", "invalid_request_error"),
        ("anonymous", 401, "unauthenticated", "invalid_request_error"),
        ("bug", 500, "internal_error", "server_error"),
    ],
)
async def test_every_error_is_a_problem_document_that_openais_sdk_can_read_too(
    name: str, status: int, code: str, openai_type: str
) -> None:
    async with client_of(small_app([router], error_statuses={AlreadyFinished: 400})) as client:
        answer = await client.get(f"/raise/{name}")
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == problem["error"]["code"] == code
    assert problem["type"] == f"urn:clara:error:{code}"
    assert problem["error"]["type"] == openai_type
    assert problem["error"]["message"] == problem["detail"]
    assert problem["title"] not in {"", "fake"}
    if status != 401:
        assert problem["instance"] == f"/raise/{name}"
        assert problem["correlation_id"] == answer.headers["x-request-id"]


async def test_context_becomes_members_and_never_replaces_a_standard_one() -> None:
    async with client_of(small_app([router])) as client:
        missing = (await client.get("/raise/missing")).json()
        context = (await client.get("/raise/context")).json()
    assert (missing["job_id"], missing["status"], missing["title"]) == ("job_1", 404, "Not Found")
    assert isinstance(missing["error"], dict)
    assert context["role"] == "admin"
    assert context["roles"] == ["admin", "trainer"]
    assert context["at"] == "2026-01-01T00:00:00.000000Z"
    assert (context["path"], context["nan"], context["nested"]) == ("a", "nan", {"a": [1]})


async def test_the_sdk_is_told_not_to_repeat_what_will_not_change() -> None:
    async with client_of(small_app([router])) as client:
        conflict = await client.get("/raise/conflict")
        down = await client.get("/raise/down")
    assert conflict.headers["x-should-retry"] == "false"
    assert conflict.json()["error"]["param"] == "name"
    assert "x-should-retry" not in down.headers
    assert down.headers["retry-after"] == "7"


async def test_whoever_is_sent_away_is_told_when_to_come_back() -> None:
    async with client_of(small_app([router], error_statuses={Unavailable: 429, AlreadyFinished: 429})) as client:
        own_time = await client.get("/raise/down")
        usual_time = await client.get("/raise/finished")
    assert (own_time.status_code, own_time.headers["retry-after"]) == (429, "7")
    assert (usual_time.status_code, usual_time.headers["retry-after"]) == (429, "10")


async def test_a_bug_shows_no_internals_and_its_traceback_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async with client_of(small_app([router])) as client:
        answer = await client.get("/raise/bug", headers={"X-Request-ID": "r-1"})
    assert "canary" not in answer.text
    assert answer.headers["x-request-id"] == answer.json()["correlation_id"] == "r-1"
    failures = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.message for record in failures] == ["request.failed"]
    assert caplog.text.count("RuntimeError: internal canary") == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/health", 405, "method_not_allowed"),
        ("BREW", "/health", 405, "method_not_allowed"),
    ],
)
async def test_unknown_paths_and_methods_are_problems_too(method: str, path: str, status: int, code: str) -> None:
    async with client_of(small_app([router])) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert path in answer.json()["detail"]
    if status == 405:
        assert "GET" in answer.headers["allow"]


def test_the_nearest_class_decides_the_status() -> None:
    assert status_of(JobNotFound("x")) == 404
    assert status_of(Unauthenticated("x")) == 401
    assert status_of(ClaraError("x")) == 500
    assert status_of(AlreadyFinished("x"), {Conflict: 409, AlreadyFinished: 400}) == 400
