"""Public vectors of signed tokens, Wycheproof (C2SP) and RFC 7520, put to our verifier."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from shared.auth.jws import InvalidToken
from shared.auth.models import ASYMMETRIC_ALGORITHMS
from shared.auth.tokens import verify_jws
from tests.support.shared_data import SHARED_DATA

NEEDED = ("wycheproof", "rfc7520")
"""Folders of the shared data in which the vectors lie."""

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi"})
_LEAST_VALID = 35
Vector = tuple[object, Any, str]


def missing() -> str:
    """What is not there of the vectors, in words; empty if nothing."""
    absent = [name for name in NEEDED if not (SHARED_DATA / name).exists()]
    return f"{', '.join(absent)} not in {SHARED_DATA}; set CLARA_SHARED_DATA" if absent else ""


def figures() -> dict[str, Any]:
    """How many vectors of each kind were accepted; `holds` says whether that is what we promise."""
    counts: Counter[tuple[str, str]] = Counter()
    for token, jwks, expected in [*_wycheproof(), *_rfc7520()]:
        counts[expected, _verdict(token, jwks)] += 1
    strays = sorted({seen for _, seen in counts if seen.startswith("stray")})
    found = {
        "vectors": counts.total(),
        "invalid": sum(count for (expected, _), count in counts.items() if expected == "invalid"),
        "invalid_accepted": counts["invalid", "accepted"],
        "valid": sum(count for (expected, _), count in counts.items() if expected == "valid"),
        "valid_accepted": counts["valid", "accepted"],
        "stray_exceptions": strays,
    }
    is_good = found["valid_accepted"] >= _LEAST_VALID and not (found["invalid_accepted"] or strays)
    return {"holds": is_good and found["invalid"] > 0, **found}


def _wycheproof() -> Iterator[Vector]:
    """Token, key set and expected result of every case."""
    for path in sorted((SHARED_DATA / "wycheproof").glob("*.json")):
        for group in json.loads(path.read_text(encoding="utf-8"))["testGroups"]:
            found = group.get("public") or group["private"]
            for case in group["tests"]:
                yield case["jws"], found if "keys" in found else {"keys": [found]}, case["result"]


def _rfc7520() -> Iterator[Vector]:
    for path in sorted((SHARED_DATA / "rfc7520" / "jws").glob("*.json")):
        vector = json.loads(path.read_text(encoding="utf-8"))
        if "compact" in vector["output"]:
            public = {name: value for name, value in vector["input"]["key"].items() if name not in _PRIVATE_MEMBERS}
            yield vector["output"]["compact"], {"keys": [public]}, "valid"


def _verdict(token: object, jwks: Any) -> str:
    try:
        verify_jws(token, jwks, ASYMMETRIC_ALGORITHMS)
    except InvalidToken:
        return "refused"
    except Exception as exc:  # noqa: BLE001 - the figure is exactly how many of these there are
        return f"stray {type(exc).__name__}"
    return "accepted"
