import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI, Request
from opentelemetry.trace import NoOpTracerProvider

from shared.errors import Unavailable
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio


async def test_the_root_says_who_this_is_and_where_everything_is() -> None:
    async with client_of(small_app()) as client:
        root = (await client.get("/")).json()
        assert (root["service"], root["version"], root["status"]) == ("clara_small_backend", "1.2.3", "operational")
        assert root["endpoints"]["things"] == "/api/things"
        for name, path in root["endpoints"].items():
            if name != "things":
                assert (await client.get(path)).status_code == 200, path


async def test_health_has_the_fields_of_the_contract_and_the_services_own() -> None:
    async def health() -> Mapping[str, object]:
        return {"active_jobs": 1, "worker_status": ["idle"]}

    app = small_app(health=health, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    async with client_of(app) as client:
        assert (await client.get("/health")).json() == {
            "status": "healthy",
            "service": "clara_small_backend",
            "port": 45699,
            "active_jobs": 1,
            "worker_status": ["idle"],
            "timestamp": "2026-01-01T00:00:00.000000Z",
        }


async def test_health_may_say_that_the_service_is_not_well() -> None:
    async def health() -> Mapping[str, object]:
        return {"status": "degraded"}

    async with client_of(small_app(health=health)) as client:
        assert (await client.get("/health")).json()["status"] == "degraded"


async def test_the_lifespan_opens_and_closes_what_the_service_needs(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.thing = "open"
        seen.append("opened")
        yield
        seen.append("closed")

    app = small_app(lifespan=lifespan)
    with caplog.at_level(logging.INFO):
        async with app.router.lifespan_context(app):
            assert seen == ["opened"]
            assert app.state.thing == "open"
    assert seen == ["opened", "closed"]
    assert [record.message for record in caplog.records] == ["service.started", "service.stopping", "service.stopped"]


async def test_a_refusal_to_start_is_kept_for_the_one_who_says_it() -> None:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        raise Unavailable("The data folder is read-only.")
        yield

    app = small_app(lifespan=lifespan)
    with pytest.raises(Unavailable):
        async with app.router.lifespan_context(app):
            pass
    assert isinstance(app.state.start_error, Unavailable)


async def test_configured_sites_may_call_from_a_browser_and_others_may_not() -> None:
    app = small_app(cors_origins=["https://clara.stadt.example"])
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with client_of(app) as client:
        ours = await client.options("/health", headers={"Origin": "https://clara.stadt.example", **preflight})
        other = await client.options("/health", headers={"Origin": "https://evil.example", **preflight})
        read = await client.get("/health", headers={"Origin": "https://evil.example"})
    assert ours.headers["access-control-allow-origin"] == "https://clara.stadt.example"
    assert "access-control-allow-credentials" not in ours.headers
    assert other.status_code == 400
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in read.headers


async def test_without_configured_sites_no_browser_page_may_read_us() -> None:
    async with client_of(small_app()) as client:
        answer = await client.get("/health", headers={"Origin": "https://evil.example"})
    assert not any(name.startswith("access-control") for name in answer.headers)


async def test_a_failure_can_be_read_by_a_configured_site_too() -> None:
    app = small_app(cors_origins=["https://clara.stadt.example"])

    @app.get("/bug")
    async def bug(request: Request) -> None:
        raise RuntimeError(request.url.path)

    async with client_of(app) as client:
        answer = await client.get("/bug", headers={"Origin": "https://clara.stadt.example"})
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == "https://clara.stadt.example"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_is_told_to_collectors_of_traces_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    provider = NoOpTracerProvider()  # any but OpenTelemetry's own placeholder counts as configured
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)

    app = small_app()

    assert not app._native_telemetry.enabled()
    assert not app._telemetry["auto_configure"]
