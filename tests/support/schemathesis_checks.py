"""What Schemathesis is to look for beside its own checks; loaded by it, not by our tests."""

import schemathesis
from schemathesis import Case, CheckContext, Response

_BEYOND_THE_SCHEMA = "is refused: "
"""How our reasons begin that no JSON schema can state, such as shares that must add up to 1."""


@schemathesis.check
def every_error_is_a_problem(ctx: CheckContext, response: Response, case: Case) -> None:
    """An error is problem+json with the status of the answer."""
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    assert response.headers.get("content-type") == ["application/problem+json"], response.headers
    problem = response.json()
    assert problem["status"] == response.status_code, problem
    assert problem["code"], problem


@schemathesis.check
def the_schema_names_what_is_refused(ctx: CheckContext, response: Response, case: Case) -> None:
    """A body that the schema allows is refused for what it asks for, never for its form."""
    if case.method.upper() == "HEAD":
        # its answers have no body that could say why
        return
    is_allowed = case.meta is not None and case.meta.generation.mode.is_positive
    if not is_allowed or response.status_code != 422 or response.json()["code"] != "invalid_request":
        return
    formal = [each for each in response.json()["errors"] if not each["reason"].startswith(_BEYOND_THE_SCHEMA)]
    assert not formal, formal


@schemathesis.check
def answers_say_nothing_to_browsers(ctx: CheckContext, response: Response, case: Case) -> None:
    """The security headers are on every answer, whatever was asked, and no answer names its server."""
    assert response.headers.get("x-content-type-options") == ["nosniff"], response.headers
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"][0], response.headers
    assert "server" not in response.headers, response.headers
