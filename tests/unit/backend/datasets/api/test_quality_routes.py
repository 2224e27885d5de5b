"""The routes of quality reviews: who may call them, and which orders they take."""

import pytest
from fastapi.routing import APIRoute
from pydantic import ValidationError

from backend.datasets.api.quality_routes import router
from backend.datasets.review_models import RulingRequest, SectionRulingRequest
from shared.auth.policies import RolePolicy
from shared.models.review import ReviewState
from shared.models.users import Role

ROUTES = [route for route in router.routes if isinstance(route, APIRoute)]


def test_the_routes_are_the_documented_ones() -> None:
    assert [(sorted(route.methods), route.path) for route in ROUTES] == [
        (["GET"], "/api/quality/reviews"),
        (["GET"], "/api/quality/reviews/{text_key}"),
        (["POST"], "/api/quality/reviews/{text_key}"),
        (["POST"], "/api/quality/rulings"),
    ]
    assert all(route.description for route in ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_texts_are_for_those_who_may_build_datasets_of_them(route: APIRoute) -> None:
    (policy,) = [each.call for each in route.dependant.dependencies if isinstance(each.call, RolePolicy)]

    assert policy.roles == frozenset({Role.ADMIN, Role.TRAINER, Role.ANALYST})


@pytest.mark.parametrize("state", ["kept", "rejected"])
def test_a_ruling_keeps_or_rejects(state: str) -> None:
    assert RulingRequest.model_validate({"state": state}).state is ReviewState(state)


@pytest.mark.parametrize(
    "body", [{"state": "open"}, {}, {"state": "kept", "nte": "x"}, {"state": "kept", "note": "x" * 2001}]
)
def test_anything_else_is_no_ruling(body: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        RulingRequest.model_validate(body)
    with pytest.raises(ValidationError):
        SectionRulingRequest.model_validate({**body, "section_id": "doc_1:1:0"})
