"""Fields that every log line of a request or job carries without being passed around."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_FIELDS: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default=MappingProxyType({}))

CORRELATION_ID = "correlation_id"
JOB_ID = "job_id"
PRINCIPAL = "principal"


def context_fields() -> Mapping[str, str]:
    """The fields bound in the present context."""
    return _FIELDS.get()


def correlation_id() -> str | None:
    """Id of the request being answered, None outside of one."""
    return _FIELDS.get().get(CORRELATION_ID)


@contextmanager
def bound(**fields: str) -> Iterator[None]:
    """Add `fields` to every log line written inside the block (also in tasks and threads started there)."""
    token = _FIELDS.set({**_FIELDS.get(), **fields})
    try:
        yield
    finally:
        _FIELDS.reset(token)


def bind(**fields: str) -> None:
    """Add `fields` until the surrounding `bound` block ends; for what is only learnt midway, such as who calls."""
    _FIELDS.set({**_FIELDS.get(), **fields})


_ADDRESS: ContextVar[str | None] = ContextVar("caller_address", default=None)


def caller_address() -> str | None:
    """Network address that the request being answered came from; for the audit log, not for every log line."""
    return _ADDRESS.get()


def note_address(address: str | None) -> None:
    """Say where the request of the present context came from."""
    _ADDRESS.set(address)
