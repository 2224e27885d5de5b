import pytest
from fastapi import APIRouter

from backend.common.pagination import DEFAULT_LIMIT, After, Limit, next_after
from tests.support.services import client_of, small_app

router = APIRouter()


@router.get("/things")
async def things(limit: Limit = DEFAULT_LIMIT, after: After = None) -> list[object]:
    return [limit, after]


@pytest.mark.anyio
async def test_limit_is_one_to_five_hundred_and_fifty_by_default() -> None:
    async with client_of(small_app([router])) as client:
        assert (await client.get("/things")).json() == [50, None]
        assert (await client.get("/things?limit=500&after=job_1")).json() == [500, "job_1"]
        for bad in ("limit=0", "limit=501", "limit=x", "after=", f"after={'x' * 201}"):
            assert (await client.get(f"/things?{bad}")).status_code == 422, bad


@pytest.mark.parametrize(("rows", "expected"), [("", None), ("ab", None), ("abc", None), ("abcd", "c")])
def test_one_row_too_many_says_that_a_page_follows(rows: str, expected: str | None) -> None:
    assert next_after(list(rows), 3, str) == expected
