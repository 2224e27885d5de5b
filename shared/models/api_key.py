"""Keys for scripts: a random secret that stands for roles until it expires or is revoked.

    clara_key_<id>_<secret>      id: 16 characters, public; secret: 256 random bits, told once

Of the secret only its SHA-256 is stored. A plain hash is enough: nobody can try 2^256 secrets, so there is nothing that
a slow hash would slow down.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import InvalidInput
from shared.models.users import Role

PREFIX = "clara_key_"
"""What every key begins with, so that people and scanners recognise a leaked one."""

DEFAULT_LIFETIME = timedelta(days=90)
LONGEST_LIFETIME = timedelta(days=366)
LONGEST_NAME = 100

_KEY = re.compile(rf"{PREFIX}([a-z2-7]{{16}})_([A-Za-z0-9_-]{{43}})\Z")
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What may be known of a key.

    Args:
        key_id: Public part; names it in lists and in the audit log.
        name: What it is for, as its maker says.
        roles: What it may do.
        created_at: UTC.
        created_by: Who made it.
        expires_at: From then on it is refused.
        revoked_at: Since then it is refused; None while it was not revoked.
        revoked_by: Who did that.
        last_used_at: About when it was last accepted (to the minute); None if never.
    """

    key_id: str
    name: str
    roles: frozenset[Role]
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    last_used_at: datetime | None = None

    def is_good_at(self, moment: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and moment < self.expires_at


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key with what is needed to recognise its secret.

    Args:
        key: What may be known.
        secret_sha256: Hash of the whole token, hex; not shown.
    """

    key: ApiKey
    secret_sha256: str = field(repr=False)

    def is_of(self, token: str) -> bool:
        """Whether `token` is this key; takes as long for a near miss as for a far one."""
        return hmac.compare_digest(hash_of(token), self.secret_sha256)


class KeyRefused(InvalidInput):
    """A key was asked for that nobody may have."""

    code = "key_refused"


def new_key(
    name: str, roles: Collection[Role], *, lifetime: timedelta, created_by: str, now: datetime
) -> tuple[StoredKey, str]:
    """A key and its token, which is known here and never again.

    Args:
        name: What it is for.
        roles: At least one.
        lifetime: A day at least, `LONGEST_LIFETIME` at most.
        created_by: Who makes it.
        now: Its birth.

    Raises:
        KeyRefused: If name, roles or lifetime cannot be.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise KeyRefused(f"A key needs a name of 1 to {LONGEST_NAME} printable characters that says what it is for.")
    if not roles:
        raise KeyRefused(f"A key needs one of the roles {', '.join(sorted(Role))}.")
    if not timedelta(days=1) <= lifetime <= LONGEST_LIFETIME:
        raise KeyRefused(f"A key lives for 1 to {LONGEST_LIFETIME.days} days; asked for were {lifetime.days}.")
    key_id, token = new_token()
    key = ApiKey(key_id, name.strip(), frozenset(roles), now, created_by, now + lifetime)
    return StoredKey(key, hash_of(token)), token


def new_token() -> tuple[str, str]:
    """A new key: its public id, and the whole token with its secret."""
    key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(16))
    return key_id, f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"


def key_id_of(token: str) -> str | None:
    """The public id in a token; None if it is no key of ours."""
    found = _KEY.match(token)
    return None if found is None else found[1]


def hash_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()
