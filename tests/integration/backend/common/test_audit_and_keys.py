"""The training service as it runs: keys let scripts in, refusals reach the audit log, and it is anchored at the end."""

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.common.security import security_from
from backend.training.app import create_app
from config.testing import TestingConfig
from shared.auth.local_issuer import issue_test_token
from shared.database.audit.verify import verify_installation
from shared.database.engine import open_engine, write_transaction
from shared.database.stores import Stores, open_stores
from shared.models.api_key import new_key
from shared.models.users import Role
from shared.utils.clock import utc_now
from tests.support.live_server import live_server
from tests.support.store_values import an_audit


@pytest.fixture
def config(tmp_path: Path) -> TestingConfig:
    return TestingConfig(home=tmp_path, security_mode="testing")


@pytest.fixture
def app(config: TestingConfig) -> FastAPI:
    return create_app(config)


@pytest.fixture
def stores(config: TestingConfig) -> Iterator[Stores]:
    opened = open_stores(config.database_url_resolved)
    yield opened
    opened.close()


def _key(stores: Stores, *roles: Role, days: int = 1) -> str:
    stored, token = new_key("import", roles, lifetime=timedelta(days=days), created_by="anna", now=utc_now())
    stores.keys.add(stored, audit=an_audit("key.created", "key", stored.key.key_id))
    return token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_key_opens_what_its_roles_may_and_is_found_in_no_log_and_no_file(
    app: FastAPI, config: TestingConfig, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = _key(stores, Role.ANALYST)
    with live_server(app) as url, httpx.Client(base_url=url) as client:
        assert client.get("/api/training/jobs", headers=_bearer(token)).status_code == 200
        refused = client.post("/api/training/jobs", headers=_bearer(token), json={"trainer_type": "lora", "config": {}})
        assert refused.status_code == 403
        assert client.get("/api/training/jobs", headers=_bearer(token[:-2] + "AA")).status_code == 401
        address = url.replace("http", "ws") + "/api/training/ws"
        for opened in (connect(address, additional_headers=_bearer(token)), connect(f"{address}?token={token}")):
            with opened as socket:
                socket.send("ping")
                assert socket.recv(timeout=5) == "pong"
        with pytest.raises(InvalidStatus, match="401"):
            connect(f"{address}?token={token[:-2]}AA")

    (key,) = stores.keys.page().items
    assert key.last_used_at is not None
    secret = token.rpartition("_")[2]
    # the client of this test tells what it sends; everybody else is the service
    lines = [
        str(record.__dict__) for record in caplog.records if not record.name.startswith(("websockets.client", "http"))
    ]
    assert lines
    assert not [line for line in lines if secret in line]
    assert not [path for path in config.home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_refused_calls_and_failed_logins_are_in_the_audit_log_which_is_anchored_at_the_end(
    app: FastAPI, config: TestingConfig, stores: Stores
) -> None:
    token = _key(stores, Role.ANALYST)
    with TestClient(app) as client:
        for number in range(30):
            client.get(f"/api/training/jobs/job_{number}")
            client.post(f"/api/training/jobs/job_{number}/cancel", headers=_bearer(token))

    entries = [record.entry for record in stores.audit.records(after=0)]
    found = {entry.action: entry for entry in entries}
    (key,) = stores.keys.page().items
    failed, refused = found["auth.refused"], found["call.refused"]
    assert (failed.actor, failed.object_id) == ("unknown", "GET /api/training/jobs/{job_id}")
    assert failed.detail == {"reason": "no token", "count": 30}
    assert (refused.actor, refused.detail["count"]) == (f"key:{key.key_id}", 30)
    assert {failed.outcome, refused.outcome} == {"refused"}
    assert failed.address == "testclient"
    assert [entry.action for entry in entries] == ["key.created", "auth.refused", "call.refused", "audit.anchored"]
    report = verify_installation(stores.audit, config.home)
    assert (report.is_intact, report.anchors) == (True, 1)


def test_a_strangers_call_that_no_database_stores_stops_neither_refusals_nor_anchors(
    tmp_path: Path, postgres_url: str
) -> None:
    config = TestingConfig(home=tmp_path, security_mode="testing", database_url=postgres_url)
    with live_server(create_app(config)) as url, httpx.Client(base_url=url) as client:
        assert client.get("/x%00y").status_code == 401
        with pytest.raises(InvalidStatus, match="401"):
            connect(url.replace("http", "ws") + "/ws%00")
        assert client.get("/api/training/jobs").status_code == 401

    with closing(open_stores(postgres_url)) as stores:
        entries = [record.entry for record in stores.audit.records(after=0)]
    named = {entry.object_id for entry in entries if entry.action == "auth.refused"}
    assert named == {"GET /x\\u0000y", "WEBSOCKET /ws\\u0000", "GET /api/training/jobs"}
    assert entries[-1].action == "audit.anchored"


def test_administrators_read_the_log_and_have_it_verified(app: FastAPI, config: TestingConfig, stores: Stores) -> None:
    admin = _bearer(issue_test_token(security_from(config), roles=[Role.ADMIN]))
    trainer = _bearer(issue_test_token(security_from(config), roles=[Role.TRAINER]))
    _key(stores, Role.ADMIN)
    _key(stores, Role.ADMIN)
    with TestClient(app) as client:
        page = client.get("/api/audit?limit=1&action=key.", headers=admin).json()
        rest = client.get(f"/api/audit?before={page['next_before']}", headers=admin).json()
        report = client.get("/api/audit/verification", headers=admin).json()
        assert client.get("/api/audit", headers=trainer).status_code == 403
        assert client.get("/api/audit/verification", headers=trainer).status_code == 403
        assert client.get("/api/audit?since=yesterday", headers=admin).status_code == 422

    assert [entry["seq"] for entry in page["entries"] + rest["entries"]] == [2, 1]
    assert rest["next_before"] is None
    assert page["entries"][0]["actor"] == "tina@amt.example"
    assert (report["is_intact"], report["rows"], report["findings"]) == (True, 2, [])


def test_rows_of_odd_texts_and_edited_ones_do_not_take_the_log_from_administrators(
    app: FastAPI, config: TestingConfig, stores: Stores
) -> None:
    admin = _bearer(issue_test_token(security_from(config), roles=[Role.ADMIN]))
    for _ in range(3):
        # as a version wrote it that believed such a token
        stores.audit.append(replace(an_audit(), detail={"subject": "x\ud800"}))
    engine = open_engine(config.database_url_resolved)
    with write_transaction(engine) as connection:
        connection.execute(text("UPDATE audit_log SET actor = CAST(actor AS BLOB), created_at = 7 WHERE seq = 2"))
    engine.dispose()
    with TestClient(app) as client:
        entries = client.get("/api/audit", headers=admin).json()["entries"]
        report = client.get("/api/audit/verification", headers=admin).json()

    assert [(entry["seq"], entry["detail"]["subject"]) for entry in entries] == [(n, "x\\ud800") for n in (3, 2, 1)]
    assert [(each["kind"], each["seq"]) for each in report["findings"]] == [("changed", 2)]


def test_what_a_caller_does_is_written_with_roles_and_address(
    app: FastAPI, config: TestingConfig, stores: Stores
) -> None:
    token = _key(stores, Role.TRAINER, Role.ANALYST)
    with TestClient(app) as client:
        job = {"trainer_type": "probe", "config": {}, "job_name": "j"}
        answer = client.post("/api/training/jobs", headers=_bearer(token), json=job)
        items = [{"prompt": "Was?", "answer": "Das.", "score": 1.0}]
        given = client.post("/api/training/feedback", headers=_bearer(token), json={"items": items})
    assert 200 in (answer.status_code, given.status_code), (answer.text, given.text)

    record = next(each for each in stores.audit.records() if each.entry.actor.startswith("import (key"))
    assert record.entry.roles == ("analyst", "trainer")
    assert record.entry.address == "testclient"
    assert record.entry.detail["subject"].startswith("key:")
