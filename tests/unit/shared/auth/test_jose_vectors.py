"""Public vectors: Wycheproof (C2SP) and RFC 7520. Trust test G14."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from shared.auth.jws import InvalidToken
from shared.auth.models import ASYMMETRIC_ALGORITHMS
from shared.auth.tokens import verify_jws
from tests.support.shared_data import SHARED_DATA, needs_shared_data

pytestmark = needs_shared_data("wycheproof", "rfc7520")

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi"})


def wycheproof() -> Iterator[tuple[object, Any, str]]:
    """Token, key set and expected result of every case."""
    for path in sorted((SHARED_DATA / "wycheproof").glob("*.json")):
        for group in json.loads(path.read_text())["testGroups"]:
            found = group.get("public") or group["private"]
            for case in group["tests"]:
                yield case["jws"], found if "keys" in found else {"keys": [found]}, case["result"]


def rfc7520() -> Iterator[tuple[object, Any, str]]:
    for path in sorted((SHARED_DATA / "rfc7520" / "jws").glob("*.json")):
        vector = json.loads(path.read_text())
        if "compact" in vector["output"]:
            public = {name: value for name, value in vector["input"]["key"].items() if name not in PRIVATE_MEMBERS}
            yield vector["output"]["compact"], {"keys": [public]}, "valid"


def verdict(token: object, jwks: Any) -> str:
    try:
        verify_jws(token, jwks, ASYMMETRIC_ALGORITHMS)
    except InvalidToken:
        return "refused"
    except Exception as exc:  # noqa: BLE001 - the figure is exactly how many of these there are
        return f"stray {type(exc).__name__}"
    return "accepted"


def test_no_invalid_vector_is_accepted_and_the_valid_ones_that_our_policy_allows_are(
    record_property: Callable[[str, object], None],
) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for token, jwks, expected in [*wycheproof(), *rfc7520()]:
        counts[expected, verdict(token, jwks)] += 1
    figures = {
        "test": "G14",
        "invalid": sum(count for (expected, _), count in counts.items() if expected == "invalid"),
        "invalid_accepted": counts["invalid", "accepted"],
        "valid_accepted": counts["valid", "accepted"],
        "stray_exceptions": sum(count for (_, seen), count in counts.items() if seen.startswith("stray")),
    }
    record_property("figures", json.dumps(figures))
    sys.stdout.write(json.dumps(figures) + "\n")
    assert figures["invalid"] >= 376
    assert figures["invalid_accepted"] == 0
    assert figures["valid_accepted"] >= 35
    assert figures["stray_exceptions"] == 0
