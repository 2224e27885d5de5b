import pytest
from fastapi import APIRouter

from backend.common.limits import RequestLimits
from shared.auth.policies import CurrentPrincipal
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio


def _router() -> APIRouter:
    router = APIRouter()

    @router.get("/open")
    async def free() -> str:
        return "open"

    @router.get("/mine")
    async def mine(principal: CurrentPrincipal) -> str:
        return principal.subject

    return router


async def test_an_address_that_calls_too_often_gets_429_and_a_time_but_probes_go_on() -> None:
    app = small_app([_router()], limits=RequestLimits(calls_per_address=0.5))
    async with client_of(app) as client:
        first, second = await client.get("/open"), await client.get("/open")
        probes = [(await client.get("/livez")).status_code for _ in range(20)]

    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["content-type"] == "application/problem+json"
    assert second.json()["code"] == "too_many_calls"
    assert int(second.headers["retry-after"]) >= 1
    assert set(probes) == {200}


async def test_a_user_who_calls_too_often_gets_429_too() -> None:
    async with client_of(small_app([_router()], limits=RequestLimits(calls_per_user=0.5))) as client:
        answers = [await client.get("/mine") for _ in range(3)]
        free = await client.get("/open")

    assert [answer.status_code for answer in answers] == [200, 429, 429]
    assert answers[1].headers["retry-after"] == "2"
    assert free.status_code == 200


async def test_zero_is_no_limit() -> None:
    app = small_app([_router()], limits=RequestLimits(calls_per_user=0, calls_per_address=0))
    async with client_of(app) as client:
        assert {(await client.get("/mine")).status_code for _ in range(50)} == {200}
