"""What can go wrong between a caller and the services: one tree, in the families of `shared.errors`.

ServiceError (status, code, detail, errors)   the service answered with a problem
├── ServiceNotFound      404          is a NotFound
├── ServiceConflict      409, 412     is a Conflict
├── ServiceRefused       other 4xx    is an InvalidInput
├── ServiceForbade       401, 403     is a NotPermitted
└── ServiceUnavailable   5xx          is an Unavailable
    └── ServiceBusy      429          the same request may succeed in `retry_after_s`
BadAddress               the given address is none
NotReachable             no answer at all
AnswerLost               no answer to a submission that may have arrived
UnexpectedAnswer         an answer that no CLARA service gives
DownloadCorrupt          bytes that differ from the digest the service announced
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontend.client.services import Service
from shared.errors import ClaraError, Conflict, InvalidInput, NotFound, NotPermitted, Unavailable

_USUAL_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document (RFC 9457) as a service sent it.

    Args:
        status: HTTP status.
        code: The service's own name of the error, e.g. `job_not_found`.
        detail: Sentence for people.
        errors: One entry per wrong field, usually `{"field": …, "reason": …}`.
        members: Everything else in the document (ids, limits, names).
        retry_after_s: When to try again, where the service said so.
    """

    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, Any]]
    members: Mapping[str, Any]
    retry_after_s: float | None = None


class ServiceError(ClaraError):
    """A service understood the request and answered with a problem."""

    code = "service_error"

    def __init__(self, service: Service, request: str, problem: Problem) -> None:
        super().__init__(problem.detail, service=service.name, request=request, status=problem.status)
        self.service = service
        self.request = request
        self.status = problem.status
        self.detail = problem.detail
        self.errors = problem.errors
        self.members = problem.members
        self.code = problem.code or type(self).code  # type: ignore[misc]  # the service names the error, not the class


class ServiceNotFound(ServiceError, NotFound):
    """The service does not know what was asked for."""

    code = "not_found"


class ServiceConflict(ServiceError, Conflict):
    """The state of the object forbids what was asked."""

    code = "conflict"


class ServiceRefused(ServiceError, InvalidInput):
    """The service found the request wrong."""

    code = "invalid_input"


class ServiceForbade(ServiceError, NotPermitted):
    """The service does not know the caller, or the caller lacks the role."""

    code = "not_permitted"


class ServiceUnavailable(ServiceError, Unavailable):
    """The service runs, but cannot serve now."""

    code = "unavailable"


class ServiceBusy(ServiceUnavailable):
    """The service has as much to do as it takes; nothing was stored.

    Args:
        retry_after_s: When to try again.
    """

    code = "busy"

    def __init__(self, service: Service, request: str, problem: Problem) -> None:
        super().__init__(service, request, problem)
        self.retry_after_s = _USUAL_WAIT_S if problem.retry_after_s is None else problem.retry_after_s


class BadAddress(InvalidInput):
    """What was given as the address of a service is none."""

    code = "bad_address"

    def __init__(self, service: Service, url: str) -> None:
        super().__init__(
            f"'{url}' is no address of the {service.name} service; one looks like http://127.0.0.1:45680. "
            f"Correct {service.url_option} or {service.url_variable}.",
            service=service.name,
            url=url,
        )


class NotReachable(Unavailable):
    """Nothing answered at the address of a service.

    Args:
        may_have_arrived: Whether the request may have reached the service before the connection broke.
    """

    code = "not_reachable"

    def __init__(self, service: Service, url: str, reason: str, *, may_have_arrived: bool = False) -> None:
        self.reason = reason
        self.may_have_arrived = may_have_arrived
        super().__init__(
            f"The {service.name} service does not answer at {url} ({reason}). "
            f"Start it with `clara serve {service.name}`, or name its address with {service.url_option} "
            f"or {service.url_variable}.",
            service=service.name,
            url=url,
        )


class AnswerLost(Unavailable):
    """The connection broke before the answer to a submission came; the job may have been accepted."""

    code = "answer_lost"

    def __init__(self, service: Service, url: str, reason: str, key: str) -> None:
        super().__init__(
            f"The {service.name} service at {url} stopped answering ({reason}) before it confirmed the job, which it "
            f"may have accepted. Repeat the same request with `--idempotency-key {key}`: that makes no second job.",
            service=service.name,
            url=url,
            idempotency_key=key,
        )


class UnexpectedAnswer(Unavailable):
    """Something answered that does not speak CLARA's contract: another program on the port, a proxy, a version."""

    code = "unexpected_answer"

    def __init__(self, service: Service, request: str, found: str) -> None:
        super().__init__(
            f"{request} did not answer as the {service.name} service of CLARA does: {found}. "
            f"Check that {service.url_option} points at it and that no proxy stands between.",
            service=service.name,
            request=request,
        )


class DownloadCorrupt(Unavailable):
    """The bytes that arrived are not the bytes that the service announced; nothing was kept."""

    code = "download_corrupt"

    def __init__(self, url: str, expected_sha256: str, found_sha256: str) -> None:
        super().__init__(
            f"The download of {url} is damaged: its SHA-256 is {found_sha256[:12]}…, announced was "
            f"{expected_sha256[:12]}…. Nothing was kept; download it again.",
            url=url,
            expected_sha256=expected_sha256,
            found_sha256=found_sha256,
        )


def error_for(service: Service, request: str, problem: Problem, *, conflict_on: int | None = None) -> ServiceError:
    """The error class for a problem; `conflict_on` is a status that this route uses for a conflict (contract: 400)."""
    return _class_of(problem.status, conflict_on)(service, request, problem)


def _class_of(status: int, conflict_on: int | None) -> type[ServiceError]:
    if status in (409, 412, conflict_on):
        return ServiceConflict
    if status == 404:
        return ServiceNotFound
    if status in (401, 403):
        return ServiceForbade
    if status == 429:
        return ServiceBusy
    if status >= 500:
        return ServiceUnavailable
    return ServiceRefused
