"""No forged, altered or foreign token opens any route or the WebSocket; all get the same 401.

Real services in production, with client certificates: whoever forges is already on the network. Each token has one
fault, from `none` over the public key as a secret to claims that are missing, doubled or of another issuer. Bodies are
broken, and must not be looked at. In between a good token shows that the routes do answer.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from shared.auth.local_issuer import issue_test_token
from shared.auth.models import SecurityConfig, SecurityMode
from tests.support.forged_tokens import forged_tokens
from tests.support.guarded_routes import DescribedRoute, described_routes
from tests.support.secured_services import SERVICES, Answer, SecuredServices, secured_services
from tests.trust.place import Place

_LEAST = 60
_WAYS = ("header", "query", "subprotocol")
_NO_SUBPROTOCOL = frozenset({"umlaut", "JSON serialisation", "space inside", "padded", "other alphabet"})
"""Tokens with characters that a subprotocol cannot have: such a handshake is a bad request, whoever sends it."""
_NO_HEADER = "9 KB"
"""Longer than a line of a handshake may be."""
_BROKEN = b'{"name":'


def run(place: Place) -> Mapping[str, Any]:
    """Every token on every route; in the short form on one of each kind."""
    with secured_services("production", place.folder) as running:
        routes = [route for name in SERVICES for route in described_routes(name, running.document(name))]
        guarded = [route for route in routes if not route.is_open]
        chosen = place.scaled(full=guarded, fast=list({route.sort: route for route in guarded}.values()))
        tokens = {**forged_tokens(running.key, running.issuer), **_of_the_test_key(place, running)}
        answers = _answers(running, chosen, tokens)
        through = _good_ones(running, chosen)
        log = "".join((place.folder / f"{name}.log").read_text(encoding="utf-8") for name in SERVICES)
    accepted = sorted({name for name, _, answer in answers if answer.status != 401})
    # an answer to HEAD has no body
    bodies = {answer.body for _, method, answer in answers if method != "HEAD" or answer.body}
    leaked = sum(token in log for token in tokens.values() if len(token) > 100)
    return {
        "holds": len(tokens) >= _LEAST and not accepted and len(bodies) == 1 and through == len(chosen) and not leaked,
        "tokens": len(tokens),
        "routes": len(chosen),
        "websockets": sum(route.method == "WS" for route in chosen),
        "calls": len(answers),
        "answers": dict(Counter(str(answer.status) for _, _, answer in answers)),
        "not_answered_401": accepted,
        "server_errors": sum(answer.status >= 500 for _, _, answer in answers),
        "different_bodies": len(bodies),
        "good_token_gets_through": through,
        "tokens_in_the_log": leaked,
    }


def _of_the_test_key(place: Place, running: SecuredServices) -> dict[str, str]:
    """A token as mode `testing` makes it, by a key that lies where this service would look for it."""
    folder = place.folder / "home" / "test-key"
    config = SecurityConfig(
        mode=SecurityMode.TESTING,
        environment="testing",
        issuer=running.issuer,
        audience="clara-training-system",
        test_key_dir=folder,
    )
    return {"signed by the local test key": issue_test_token(config)}


def _answers(
    running: SecuredServices, routes: Sequence[DescribedRoute], tokens: Mapping[str, str]
) -> list[tuple[str, str, Answer]]:
    """Name of the token, method of the route, answer."""
    answers = []
    for service in SERVICES:
        with running.client(service) as client:
            for route in (each for each in routes if each.service == service):
                for name, token in tokens.items():
                    if route.method == "WS":
                        answers += [(name, route.method, each) for each in _handshakes(running, route, name, token)]
                    else:
                        answers.append((name, route.method, route.call(running, client, token, content=_BROKEN)))
    return answers


def _handshakes(running: SecuredServices, route: DescribedRoute, name: str, token: str) -> list[Answer]:
    """Every way to bring the token; what is no handshake at all is refused as such, and is not counted."""
    if name == _NO_HEADER:
        return []
    ways = [way for way in _WAYS if way != "subprotocol" or name not in _NO_SUBPROTOCOL]
    return [running.handshake(route.service, route.path, token, way=way) for way in ways]


def _good_ones(running: SecuredServices, routes: Sequence[DescribedRoute]) -> int:
    """Routes that a good token opens: what an administrator is refused there is never who they are."""
    token = running.issue(roles=["admin"], sub=f"admin-{time.time_ns()}")
    through = 0
    for service in SERVICES:
        with running.client(service) as client:
            for route in (each for each in routes if each.service == service):
                answer = route.call(running, client, token)
                through += answer.status not in {401, 403} and answer.status < 500
    return through
