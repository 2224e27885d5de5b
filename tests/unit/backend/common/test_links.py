from fastapi import APIRouter
from pydantic import BaseModel

from tests.support.services import small_app


class Thing(BaseModel):
    thing_id: str


class Things(BaseModel):
    things: list[Thing]
    total_count: int


class Told(BaseModel):
    message: str


def test_ids_of_answers_and_of_the_first_entry_of_lists_lead_to_the_routes_that_take_them() -> None:
    router = APIRouter()

    @router.post("/things")
    async def make() -> Thing | Told:
        return Thing(thing_id="1")

    @router.get("/things")
    async def page() -> Things:
        return Things(things=[], total_count=0)

    @router.get("/things/{thing_id}")
    async def get(thing_id: str) -> Thing:
        return Thing(thing_id=thing_id)

    paths = small_app([router]).openapi()["paths"]
    (made,) = paths["/things"]["post"]["responses"]["200"]["links"].values()
    (listed,) = paths["/things"]["get"]["responses"]["200"]["links"].values()

    assert made["operationId"] == paths["/things/{thing_id}"]["get"]["operationId"]
    assert made["parameters"] == {"thing_id": "$response.body#/thing_id"}
    assert listed["parameters"] == {"thing_id": "$response.body#/things/0/thing_id"}
    assert "links" not in paths["/"]["get"]["responses"]["200"]
