"""How many calls one user may make, whatever addresses they come from."""

from shared.errors import ClaraError
from shared.models.users import Principal
from shared.utils.token_buckets import TokenBuckets


class TooManyCalls(ClaraError):
    """A user, or an address, calls more often than the settings allow."""

    code = "too_many_calls"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"Too many calls in a short time; try again in {retry_after_s} s. An administrator can raise "
            "CLARA_RATE_LIMIT_PER_USER and CLARA_RATE_LIMIT_PER_ADDRESS.",
            retry_after_s=retry_after_s,
        )


def count_call(buckets: TokenBuckets, principal: Principal) -> None:
    """Count a call of a user who is known.

    Raises:
        TooManyCalls: If it is one too many.
    """
    wait_s = buckets.wait_s(principal.subject)
    if wait_s:
        raise TooManyCalls(wait_s)
