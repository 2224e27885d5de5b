import pytest
from fastapi import APIRouter

from backend.common.allowed_methods import allow_header, methods_by_path
from tests.support.services import client_of, small_app


def _router() -> APIRouter:
    router = APIRouter()

    @router.get("/things/{name}")
    async def get(name: str) -> str:
        return name

    @router.delete("/things/{name}")
    async def delete(name: str) -> str:
        return name

    return router


def test_methods_of_all_routes_of_a_path_are_collected() -> None:
    assert methods_by_path([_router()]) == {"/things/{name}": {"GET", "DELETE"}}


def test_a_path_that_the_table_does_not_know_gets_no_header() -> None:
    assert allow_header({"/a": frozenset({"GET"})}, {"type": "http", "path": "/b"}) == {}


@pytest.mark.anyio
async def test_a_refused_method_is_told_all_that_the_path_answers() -> None:
    async with client_of(small_app([_router()])) as client:
        answer = await client.put("/things/one")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET"
