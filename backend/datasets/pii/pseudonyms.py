"""Stand-ins that are the same for the same value under one key, and tell nothing without it."""

import hashlib
import hmac
from functools import cached_property

from backend.datasets.pii.codes import Code
from backend.datasets.pii.kinds import Kind
from shared.errors import InvalidInput

SHORTEST_KEY = 16

# of the fingerprint alone: it is told to people, and nobody shall guess keys by it faster than this allows
_STRETCHING = {"n": 1 << 14, "r": 8, "p": 1}
_FINGERPRINT_SALT = b"clara pseudonym key fingerprint"


class WeakKey(InvalidInput):
    """A key that could be guessed."""

    code = "weak_pseudonym_key"

    def __init__(self, length: int) -> None:
        super().__init__(
            f"A key for pseudonyms needs at least {SHORTEST_KEY} bytes of chance; this one has {length}.", length=length
        )


class Pseudonymiser:
    """Replaces values by pseudonyms.

    A pseudonym is spelt from HMAC-SHA256 over the kind and the normalised value: who has the key can tell whether a
    value was meant, nobody can read it back, and texts made with two keys have nothing in common. One key belongs to
    one dataset, unless people are to be recognised across several.

    Args:
        key: Secret, at least 16 bytes.

    Raises:
        WeakKey: If it is shorter.

    Source: RFC 2104; Article 4(5) GDPR for what pseudonymisation is, and that it is no anonymisation.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY:
            raise WeakKey(len(key))
        self._key = key

    @cached_property
    def key_fingerprint(self) -> str:
        """Tells keys apart and says nothing else of them, 32 hex digits; no pseudonym is made of the same function.

        Source: RFC 7914 (scrypt), for keys that are weaker than they should be.
        """
        return hashlib.scrypt(self._key, salt=_FINGERPRINT_SALT, dklen=16, **_STRETCHING).hex()

    def pseudonym(self, kind: Kind, found: str) -> str:
        """What stands for a value; spellings that its kind takes for one get one pseudonym."""
        value = kind.normalise(found)
        code = Code(hmac.digest(self._key, f"{kind.name}\0{value}".encode(), "sha256"))
        return f"{kind.label}-{code.word}" if kind.shape is None else kind.shape(code, value)
