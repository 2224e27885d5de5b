"""The correlation id of a request: taken from `X-Request-ID` if it is harmless, else made here."""

import re

from shared.utils.ids import new_id
from shared.utils.log_context import correlation_id

HEADER = "x-request-id"
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")


def request_id() -> str | None:
    """Id of the request being answered, None outside of one."""
    return correlation_id()


def accepted_or_new(sent: str | None) -> str:
    """The sender's id if it is 1-128 letters, digits, `.`, `_` or `-`; anything else is replaced by one of ours."""
    return sent if sent is not None and _HARMLESS.match(sent) else new_id("req")
