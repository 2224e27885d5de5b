"""Refuses query parameters that a route does not have: a misspelt one would be ignored, and nobody would know."""

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError


def refuse_unknown_parameters(request: Request) -> None:
    """A dependency of routers.

    Raises:
        RequestValidationError: If the query names a parameter that the route does not have; answered with 422.
    """
    known = _parameters_of(request.scope["route"].dependant)
    told = {"known": ", ".join(sorted(known)) or "none"}
    if unknown := sorted(set(request.query_params) - known):
        raise RequestValidationError(
            [{"type": "unknown_parameter", "loc": ("query", name), "msg": "", "ctx": told} for name in unknown]
        )


def _parameters_of(dependant: Dependant) -> set[str]:
    """Names that the query of a route may have, for itself or for what it depends on."""
    own = {each.alias for each in dependant.query_params}
    return own.union(*map(_parameters_of, dependant.dependencies))
