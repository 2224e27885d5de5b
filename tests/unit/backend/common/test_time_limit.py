import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from backend.common.limits import RequestLimits
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio


def _router() -> APIRouter:
    router = APIRouter()

    @router.get("/late")
    async def late() -> str:
        await asyncio.sleep(30)
        return "late"

    @router.get("/long")
    async def long() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield b"x"
                await asyncio.sleep(0.4)

        return StreamingResponse(parts())

    return router


async def test_an_answer_that_does_not_begin_is_given_up() -> None:
    async with client_of(small_app([_router()], limits=RequestLimits(request_s=0.1))) as client:
        answer = await client.get("/late")

    assert (answer.status_code, answer.json()["code"]) == (503, "took_too_long")


async def test_an_answer_that_has_begun_may_take_its_time() -> None:
    async with client_of(small_app([_router()], limits=RequestLimits(request_s=1.0))) as client:
        assert (await client.get("/long")).content == b"xxxx"
