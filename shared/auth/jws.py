"""Read a compact JWS the strict way, before any library sees it (rules of trust.md, "Verifier rules")."""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from shared.auth.models import Unauthenticated
from shared.models.storable_text import storable

MAX_TOKEN_BYTES = 8192
MAX_DEPTH = 8
_SEGMENT = re.compile(r"[A-Za-z0-9_-]*\Z")
_HEADER_FIELDS = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})


class InvalidToken(Unauthenticated):
    """A token broke a rule; `reason` names the rule and never quotes the token."""

    code = "unauthenticated"


@dataclass(frozen=True, slots=True)
class CompactJws:
    """The decoded, still unverified parts of a token.

    Args:
        algorithm: `alg` of the header.
        kid: `kid` of the header.
        payload: Decoded payload bytes; may be empty, as RFC 7515 allows.
    """

    algorithm: str
    kid: str
    payload: bytes


def read_compact(token: object) -> CompactJws:
    """Split and decode `header.payload.signature`.

    Raises:
        InvalidToken: If size, alphabet, segments or header break a rule.
    """
    if not isinstance(token, str) or not token.isascii():
        raise InvalidToken("not ASCII text")
    if len(token) > MAX_TOKEN_BYTES:
        raise InvalidToken(f"longer than {MAX_TOKEN_BYTES} bytes")
    segments = token.split(".")
    if len(segments) != 3 or not segments[0] or not segments[2]:
        raise InvalidToken("not three segments")
    header_bytes, payload, _ = (decode_segment(segment) for segment in segments)
    header = strict_json_object(header_bytes)
    if not header.keys() <= _HEADER_FIELDS:
        raise InvalidToken("header has unknown fields")
    if not all(isinstance(value, str) and value for value in header.values()):
        raise InvalidToken("header fields are not text")
    if "alg" not in header or "kid" not in header:
        raise InvalidToken("header lacks alg or kid")
    return CompactJws(header["alg"], header["kid"], payload)


def strict_json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object without duplicate names, NaN, deep nesting, or what no database stores (NUL, lone surrogates).

    Raises:
        InvalidToken: If `raw` is anything else.
    """
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique_names, parse_constant=_no_constants)
    except (ValueError, RecursionError) as exc:
        raise InvalidToken("not strict JSON") from exc
    if not isinstance(value, dict):
        raise InvalidToken("not a JSON object")
    if _depth(value) > MAX_DEPTH:
        raise InvalidToken(f"nested deeper than {MAX_DEPTH}")
    if storable(value) != value:
        # who a caller is ends in audit rows and answers, which such a text would break for everybody
        raise InvalidToken("holds what no database stores")
    return value


def decode_segment(segment: str) -> bytes:
    """Bytes of a canonical base64url segment without padding.

    Raises:
        InvalidToken: If it has any other spelling.
    """
    if not _SEGMENT.match(segment) or len(segment) % 4 == 1:
        raise InvalidToken("not base64url")
    raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    # Spare bits in the last character would give one token several spellings.
    if encode_segment(raw) != segment:
        raise InvalidToken("not canonical base64url")
    return raw


def encode_segment(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("duplicate names")
    return names


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    """Levels of nesting, level by level: recursion would be at the mercy of the input."""
    depth, level = 0, [value]
    while level:
        containers = [item for item in level if isinstance(item, dict | list)]
        depth += bool(containers)
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
    return depth
