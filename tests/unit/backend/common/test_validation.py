from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, field_validator

from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio

router = APIRouter()


class State(StrEnum):
    KEPT = "kept"
    REJECTED = "rejected"


class Query(BaseModel):
    top_k: int = Field(100, ge=1, le=100_000)


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=3, max_length=5, pattern="^[a-z]+$")]
    kind: Literal["lora", "qlora"] = "lora"
    state: Literal[State.KEPT, State.REJECTED] = State.KEPT
    mark: State = State.KEPT
    rate: float = 0.5
    is_on: bool = True
    tags: list[str] = []
    query: Query = Query()
    odd: int = 1

    @field_validator("odd")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("choose an odd number")
        return value


@router.post("/things")
async def make(body: Body) -> Body:
    return body


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({}, "name", "is required"),
        ({"name": "ab"}, "name", "must have at least 3 characters"),
        ({"name": "abcdef"}, "name", "must have at most 5 characters"),
        ({"name": "ab1"}, "name", "must match ^[a-z]+$"),
        ({"name": 7}, "name", "must be text"),
        ({"name": "abc", "nmae": 1}, "nmae", "is not a known field"),
        ({"name": "abc", "kind": "dora"}, "kind", "must be 'lora' or 'qlora'"),
        ({"name": "abc", "state": "open"}, "state", "must be 'kept' or 'rejected'"),
        ({"name": "abc", "mark": "open"}, "mark", "must be 'kept' or 'rejected'"),
        ({"name": "abc", "rate": "fast"}, "rate", "must be a number"),
        ({"name": "abc", "is_on": "maybe"}, "is_on", "must be true or false"),
        ({"name": "abc", "tags": "a"}, "tags", "must be a list"),
        ({"name": "abc", "tags": [1]}, "tags.0", "must be text"),
        ({"name": "abc", "query": 1}, "query", "must be an object"),
        ({"name": "abc", "query": {"top_k": 0}}, "query.top_k", "must be at least 1"),
        ({"name": "abc", "query": {"top_k": 100_001}}, "query.top_k", "must be at most 100000"),
        ({"name": "abc", "query": {"top_k": 1.5}}, "query.top_k", "must be a whole number"),
        ({"name": "abc", "odd": 2}, "odd", "is refused: choose an odd number"),
        ([], "body", "must be an object"),
    ],
)
async def test_each_field_at_fault_is_named_with_a_plain_reason(body: object, field: str, reason: str) -> None:
    async with client_of(small_app([router])) as client:
        answer = await client.post("/things", json=body)
    problem = answer.json()
    assert answer.status_code == 422
    assert problem["errors"] == [{"field": field, "reason": reason}]
    assert problem["error"]["param"] == field
    assert f"{field} {reason}" in problem["detail"]


@pytest.mark.parametrize("content", [b"{", b"", b"\xff", b"[" * 100_000, b'{"name": "canary'])
async def test_a_body_that_is_no_json_is_a_problem_that_repeats_nothing(content: bytes) -> None:
    async with client_of(small_app([router])) as client:
        answer = await client.post("/things", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "canary" not in answer.text


async def test_many_mistakes_are_listed_up_to_fifty() -> None:
    body: dict[str, Any] = {"name": "abc", **{f"x{number}": 1 for number in range(80)}}
    async with client_of(small_app([router])) as client:
        problem = (await client.post("/things", json=body)).json()
    assert len(problem["errors"]) == 50
    assert len(problem["detail"]) < 300
