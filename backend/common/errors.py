"""From errors to HTTP: one table of families, one body for all of them."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketState

from backend.common.allowed_methods import allow_header
from backend.common.problem import problem_response, title_of, unauthenticated_response
from backend.common.refusals import note_refusal
from backend.common.validation import field_reasons, summary
from shared.auth.models import Unauthenticated
from shared.auth.rate import TooManyCalls
from shared.errors import ClaraError, Conflict, InvalidInput, NotFound, NotPermitted, Unavailable

logger = logging.getLogger(__name__)

StatusTable = Mapping[type[ClaraError], int]

FAMILY_STATUS: StatusTable = MappingProxyType(
    {
        NotFound: HTTPStatus.NOT_FOUND,
        Conflict: HTTPStatus.CONFLICT,
        InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
        NotPermitted: HTTPStatus.FORBIDDEN,
        Unauthenticated: HTTPStatus.UNAUTHORIZED,
        TooManyCalls: HTTPStatus.TOO_MANY_REQUESTS,
        Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        ClaraError: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)

RETRY_AFTER_S: Mapping[int, int] = MappingProxyType({HTTPStatus.TOO_MANY_REQUESTS: 10})
"""What `Retry-After` says where the error itself names no `retry_after_s`."""

POLICY_VIOLATION, INTERNAL_ERROR, TRY_AGAIN_LATER = 1008, 1011, 1013


def status_of(error: ClaraError, table: StatusTable = FAMILY_STATUS) -> int:
    """HTTP status of an error: that of the nearest of its classes in `table`."""
    return next(int(table[cls]) for cls in type(error).__mro__ if cls in table)


def install_error_handlers(app: FastAPI, statuses: StatusTable | None = None) -> None:
    """Answer every deliberate error, bad request and unknown route of `app` with a problem document.

    Args:
        app: The application.
        statuses: Exceptions from the family table that the contract asks for, e.g. 400 for one kind of conflict.
    """
    table = {**FAMILY_STATUS, **(statuses or {})}

    async def on_clara_error(connection: HTTPConnection, error: ClaraError) -> Response | None:
        status = status_of(error, table)
        note_refusal(connection, error, status)
        return await _answer(connection, clara_response(connection, error, status))

    async def on_http_exception(connection: HTTPConnection, error: HTTPException) -> Response | None:
        return await _answer(connection, http_response(connection, error))

    async def on_invalid_request(connection: HTTPConnection, error: RequestValidationError) -> Response:
        return _validation_response(connection, error)

    # Starlette types handlers for each exception class, which Callable's contravariance refuses.
    app.add_exception_handler(ClaraError, on_clara_error)  # type: ignore[arg-type]  # see above
    app.add_exception_handler(HTTPException, on_http_exception)  # type: ignore[arg-type]  # see above
    app.add_exception_handler(RequestValidationError, on_invalid_request)  # type: ignore[arg-type]  # see above


def clara_response(connection: HTTPConnection, error: ClaraError, status: int) -> Response:
    """The problem document of a deliberate error."""
    if status == HTTPStatus.UNAUTHORIZED:
        return unauthenticated_response()
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("request.unavailable", extra={"code": error.code, "reason": error.message})
    headers = {}
    retry_after_s = error.context.get("retry_after_s", RETRY_AFTER_S.get(status))
    if isinstance(retry_after_s, int):
        headers["Retry-After"] = str(retry_after_s)
    if status == HTTPStatus.CONFLICT:
        # OpenAI's SDK repeats a POST on 409 unless told otherwise; repeating ours never helps.
        headers["x-should-retry"] = "false"
    return problem_response(
        connection, status, error.code, error.message, context=error.context, param=_param(error), headers=headers
    )


def _param(error: ClaraError) -> str | None:
    field = error.context.get("field")
    return field if isinstance(field, str) else None


def http_response(connection: HTTPConnection, error: HTTPException) -> Response:
    """The problem document of what Starlette, or a limit, refused."""
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.UNAUTHORIZED:
        return unauthenticated_response()
    path, method = connection.scope["path"], connection.scope.get("method", "WebSocket")
    detail, headers = str(error.detail), error.headers
    if status == HTTPStatus.NOT_FOUND and detail == status.phrase:
        detail = f"Nothing is served at {path}; /docs lists what is."
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{path} does not answer {method}."
        table = getattr(connection.app.state, "methods_by_path", {})
        headers = {**(headers or {}), **allow_header(table, connection.scope)}
    code = "_".join(re.findall(r"[a-z]+", title_of(status).lower()))
    return problem_response(connection, status, code, detail, headers=headers)


def _validation_response(connection: HTTPConnection, error: RequestValidationError) -> Response:
    reasons = field_reasons(error.errors())
    return problem_response(
        connection,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_request",
        f"The request cannot be right: {summary(reasons)}",
        context={"errors": reasons},
        param=reasons[0]["field"],
    )


async def _answer(connection: HTTPConnection, response: Response) -> Response | None:
    """The response itself; on a WebSocket that is already open a close frame instead."""
    if not isinstance(connection, WebSocket) or connection.application_state is WebSocketState.CONNECTING:
        return response
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        code = TRY_AGAIN_LATER
    else:
        code = INTERNAL_ERROR if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else POLICY_VIOLATION
    await connection.close(code)
    return None
