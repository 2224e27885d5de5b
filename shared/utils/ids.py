"""Ids that sort by time of birth and are safe in paths and URLs."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """`prefix_` + 9 characters of milliseconds + 8 random ones (Crockford base 32, lower case), e.g. `job_1hq7…`."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{prefix}_{_encode(milliseconds, 9)}{_encode(secrets.randbits(40), 8)}"


def _encode(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
