"""No invalid signature of the public collections is accepted, and the valid ones that our rules allow are.

Wycheproof's vectors of JSON web signatures and keys, and those of RFC 7520, one by one through `verify_jws`: `none`,
symmetric keys, weak keys, altered and doubled parts, signatures of other curves. Of the valid ones those are refused
that our stricter rules forbid (HS256, unknown header fields, several keys under one name).
"""

from collections.abc import Mapping
from typing import Any

from tests.support.jose_vectors import figures, missing
from tests.trust.place import Place

MISSING = missing


def run(_: Place) -> Mapping[str, Any]:
    """Every vector, in the short form as well: it takes a second."""
    return figures()
