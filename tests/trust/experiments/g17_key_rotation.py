"""Keys rotate, attackers name keys that do not exist, the key server is away or slow: nobody gets in, nobody waits.

A service over HTTP with a real key server, and a clock that the experiment sets: rotation and withdrawal, a thousand
unknown keys within a minute, an outage of hours with known keys (warm) and without any (cold), a server that answers
too late or answers nonsense. In the full form a real service on its real clock sees a rotation amid a thousand unknown
keys.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from shared.auth.jws import encode_segment
from tests.support.issuer import ISSUER, IssuerKey, good_claims
from tests.support.rotating_keys import KeyedService, keyed_service
from tests.support.secured_services import secured_services
from tests.trust.place import Place

_INTERVAL_S = 30.0
_WITHDRAWN_S = 600.0
_QUICK_MS = 200.0
Figures = dict[str, Any]


def run(place: Place) -> Mapping[str, Any]:
    """Each scenario on a service of its own."""
    old, new = IssuerKey.make("old"), IssuerKey.make("new")
    figures: Figures = {}
    closest: list[float] = []
    scenarios: Mapping[str, Callable[[KeyedService, IssuerKey, IssuerKey], Figures]] = {
        "rotation": _rotation,
        "unknown_kids": _unknown_kids,
        "down_warm": _down_warm,
        "down_cold": _down_cold,
        "slow_warm": _slow_warm,
        "slow_cold": _slow_cold,
        "nonsense_cold": _nonsense_cold,
    }
    for name, scenario in scenarios.items():
        with keyed_service(old) as service:
            figures[name] = {**scenario(service, old, new), "fetches": len(service.fetches_at)}
            distance = service.closest_fetches_s()
            closest += [] if distance is None else [distance]
    if place.is_full:
        figures["real_service"] = _real_service(place, new)
    return {
        "holds": all(each["holds"] for each in figures.values()) and min(closest) >= _INTERVAL_S,
        "least_distance_of_fetches_s": min(closest),
        **figures,
    }


def _rotation(service: KeyedService, old: IssuerKey, new: IssuerKey) -> Figures:
    """Both keys are published, later the new one alone."""
    service.call(_token(old), at_s=0)
    service.keys.document = {"keys": [old.jwk(), new.jwk()]}
    accepted_at = _first(service, _token(new), 200, range(1, 120))
    kept = service.call(_token(old)).status_code
    service.keys.document = new.jwks()
    withdrawn_at = service.now_s
    token = _token(old)
    refused_at = _first(service, token, 401, range(int(withdrawn_at), int(withdrawn_at) + 1200, 5))
    return {
        "holds": accepted_at <= _INTERVAL_S and kept == 200 and refused_at - withdrawn_at <= _WITHDRAWN_S,
        "new_key_accepted_after_s": accepted_at,
        "old_key_still_accepted_beside": kept == 200,
        "withdrawn_key_refused_after_s": refused_at - withdrawn_at,
    }


def _unknown_kids(service: KeyedService, old: IssuerKey, _: IssuerKey) -> Figures:
    """A thousand names within a minute, and somebody with a good token among them."""
    service.call(_token(old), at_s=0)
    payload = _token(old).split(".")[1:]
    good = Counter[int]()
    for number in range(1000):
        header = encode_segment(json.dumps({"alg": "RS256", "kid": f"unknown-{number}"}).encode())
        service.call(".".join([header, *payload]), at_s=number * 0.06)
        if number % 100 == 0:
            good[service.call(_token(old)).status_code] += 1
    refused = service.answers[401]
    return {"holds": refused == 1000 and good == {200: 10}, "refused": refused, "good_ones_accepted": good[200]}


def _down_warm(service: KeyedService, old: IssuerKey, new: IssuerKey) -> Figures:
    """An outage of three hours: known keys serve on, unknown ones open nothing."""
    service.call(_token(old), at_s=0)
    service.keys.status = 503
    good, bad = Counter[int](), Counter[int]()
    for second in range(0, 3 * 3600, 120):
        good[service.call(_token(old), at_s=second).status_code] += 1
        bad[service.call(_token(new)).status_code] += 1
        bad[service.call(_forged(old)).status_code] += 1
    quick_ms = service.p95_ms(_token(old), 40)
    return {
        "holds": set(good) == {200} and set(bad) == {401} and quick_ms <= _QUICK_MS,
        "accepted": good[200],
        "refused": bad[401],
        "p95_ms": quick_ms,
    }


def _down_cold(service: KeyedService, old: IssuerKey, _: IssuerKey) -> Figures:
    """No keys at all: 503 with the time to wait, for good and forged tokens alike; then the server comes back."""
    service.keys.status = 500
    for second in range(0, 600, 15):
        answer = service.call(_token(old) if second % 2 else _forged(old), at_s=second)
    retry_after = answer.headers.get("retry-after", "")
    closed = dict(service.answers)
    service.keys.status = 200
    back_at = service.now_s
    served_at = _first(service, _token(old), 200, range(int(back_at), int(back_at) + 300))
    return {
        "holds": set(closed) == {503} and retry_after.isdigit() and served_at - back_at <= 120,
        "answered_503": closed.get(503, 0),
        "retry_after": retry_after,
        "served_again_after_s": served_at - back_at,
    }


def _slow_warm(service: KeyedService, old: IssuerKey, _: IssuerKey) -> Figures:
    """Answers take seconds: who has a known key does not notice, whatever others ask for meanwhile."""
    service.call(_token(old), at_s=0)
    service.keys.delay_s = 2.0
    took_ms = []
    for second in (301, 601, 901):
        service.now_s = second
        took_ms.append(service.p95_ms(_token(old), 40))
        service.settle()
    return {"holds": max(took_ms) <= _QUICK_MS and set(service.answers) == {200}, "p95_ms": max(took_ms)}


def _slow_cold(service: KeyedService, old: IssuerKey, _: IssuerKey) -> Figures:
    """Fifty callers at once, and no answer in time: 503 for all of them after one fetch."""
    service.keys.delay_s = 5.0
    started = time.monotonic()
    statuses = Counter(answer.status_code for answer in service.call_at_once([_token(old)] * 50))
    seconds = round(time.monotonic() - started, 1)
    return {"holds": statuses == {503: 50} and seconds <= 5.0 and service.keys.hits == 1, "answered_after_s": seconds}


def _nonsense_cold(service: KeyedService, old: IssuerKey, _: IssuerKey) -> Figures:
    """What is no key set is never taken for an empty one that lets nobody, or everybody, in."""
    wrong: list[Any] = [b"<html>", b"", [], {}, {"keys": {}}, b"[" * 100_000, b" " * 300_000]
    statuses = []
    for number, document in enumerate(wrong):
        service.keys.document = document
        statuses.append(service.call(_token(old), at_s=number * 130).status_code)
    service.keys.status, service.keys.headers = 302, {"Location": service.keys.url}
    statuses.append(service.call(_token(old), at_s=len(wrong) * 130).status_code)
    return {"holds": set(statuses) == {503} and service.keys.hits == len(statuses), "documents": len(statuses)}


def _real_service(place: Place, new: IssuerKey) -> Figures:
    """A rotation that a service process notices by its own clock, while a thousand unknown keys are asked for."""
    path = "/api/training/jobs"
    with secured_services("development", place.folder, ["training"]) as running, running.client("training") as client:

        def call(token: str) -> int:
            return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code

        begun = time.monotonic()
        assert call(running.issue()) == 200
        running.keys.document = {"keys": [running.key.jwk(), new.jwk()]}
        started, statuses, accepted_s = time.monotonic(), Counter[int](), 0.0
        for number in range(1000):
            time.sleep(max(0.0, started + number * 0.06 - time.monotonic()))
            statuses[call(_token(IssuerKey(f"unknown-{number}", new.private), running.issuer))] += 1
            if not accepted_s and call(_token(new, running.issuer)) == 200:
                accepted_s = round(time.monotonic() - started, 1)
        seconds, fetches = time.monotonic() - begun, running.keys.hits
    return {
        "holds": statuses == {401: 1000} and 0 < accepted_s <= _INTERVAL_S + 1 and fetches <= 1 + seconds / _INTERVAL_S,
        "unknown_kids_refused": statuses[401],
        "new_key_accepted_after_s": accepted_s,
        "seconds": round(seconds, 1),
        "fetches": fetches,
    }


def _first(service: KeyedService, token: str, status: int, seconds: range) -> float:
    """When the token is first answered with this status."""
    for second in seconds:
        if service.call(token, at_s=second).status_code == status:
            return float(second)
    return float("inf")


def _token(key: IssuerKey, issuer: str = ISSUER) -> str:
    """A good token that was never seen before."""
    claims = {**good_claims(time.time()), "iss": issuer, "jti": time.time_ns()}
    return key.sign_as_is(json.dumps({"alg": "RS256", "kid": key.kid}).encode(), json.dumps(claims).encode())


def _forged(key: IssuerKey) -> str:
    return _token(IssuerKey(key.kid, _STRANGER.private))


_STRANGER = IssuerKey.make("stranger")
