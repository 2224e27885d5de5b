"""Say in `/openapi.json` what every error looks like, once for all routes."""

from typing import Any

from fastapi import FastAPI

from backend.common.links import add_links
from backend.common.problem import MEDIA_TYPE, Problem

_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request was refused; the body says why.", "content": _CONTENT},
    "5XX": {"description": "It failed on our side or something we need is down.", "content": _CONTENT},
}


def describe_problems(app: FastAPI) -> None:
    """Add the schema that `PROBLEM_RESPONSES` refers to, and the links between the routes."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = describe().setdefault("components", {}).setdefault("schemas", {})
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update({**problem.pop("$defs"), "Problem": problem})
            add_links(describe())
        return describe()

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents for extending its schema
