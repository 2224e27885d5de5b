from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, Query

from backend.common.known_parameters import refuse_unknown_parameters
from backend.common.pagination import After, Limit
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio

router = APIRouter(dependencies=[Depends(refuse_unknown_parameters)])


def _sorting(order: Annotated[str, Query(alias="sort")] = "name") -> str:
    return order


@router.get("/things/{name}")
async def things(name: str, order: Annotated[str, Depends(_sorting)], limit: Limit = 3, after: After = None) -> str:
    return f"{name} {order} {limit} {after}"


@router.get("/all")
async def everything() -> str:
    return "all"


async def test_parameters_of_a_route_and_of_its_dependencies_are_taken() -> None:
    async with client_of(small_app([router])) as client:
        answer = await client.get("/things/a?limit=2&after=b&sort=age")
    assert answer.json() == "a age 2 b"


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/things/a?cursor=zzz", "after, limit, sort"),
        ("/things/a?name=b", "after, limit, sort"),
        ("/all?cursor=1", "none"),
    ],
)
async def test_others_are_refused_with_what_is_known(path: str, known: str) -> None:
    async with client_of(small_app([router])) as client:
        answer = await client.get(path)
    (error,) = answer.json()["errors"]
    assert answer.status_code == 422
    assert error == {"field": path.split("?")[1].split("=")[0], "reason": f"is not a parameter here; known are {known}"}
