import pytest
from fastapi import APIRouter
from prometheus_client.parser import text_string_to_metric_families

from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio

router = APIRouter(prefix="/api/things")


@router.get("/{thing_id}")
async def thing(thing_id: str) -> str:
    return thing_id


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def test_requests_are_counted_by_route_template_and_never_by_path() -> None:
    async with client_of(small_app([router])) as client:
        for number in range(20):
            await client.get(f"/api/things/{number}")
            await client.get(f"/nowhere/{number}")
            await client.request(f"VERB{number}", "/health")
        text = (await client.get("/metrics")).text
    counted = samples(text, "clara_http_requests_total")
    assert counted["GET", "/api/things/{thing_id}", "200"] == 20
    assert counted["GET", "unmatched", "404"] == 20
    assert counted["OTHER", "/health", "405"] == 20
    assert len(counted) == 3


async def test_latencies_are_measured_by_route() -> None:
    async with client_of(small_app([router])) as client:
        await client.get("/api/things/1")
        text = (await client.get("/metrics")).text
    assert samples(text, "clara_http_request_duration_seconds_count")["GET", "/api/things/{thing_id}"] == 1
    assert 0 < samples(text, "clara_http_request_duration_seconds_sum")["GET", "/api/things/{thing_id}"] < 5


async def test_each_application_has_its_own_figures_and_says_who_it_is() -> None:
    first, second = small_app(), small_app()
    async with client_of(first) as client:
        await client.get("/livez")
    async with client_of(second) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "/livez" not in answer.text
    assert samples(answer.text, "clara_service") == {("clara_small_backend", "1.2.3"): 1}
    assert "process_resident_memory_bytes" in answer.text
