"""Handshakes of every kind with the WebSocket of a training service, and connections that outlive their token."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from shared.auth.jws import encode_segment
from tests.support.frame_counter import Client, connected
from tests.support.issuer import IssuerKey

Handshake = Mapping[str, Any]
MakeToken = Callable[..., str]
_PATH = "/api/training/ws"
_ESTABLISHED = "01"


def handshakes(token_for: MakeToken, port: int) -> tuple[dict[str, Handshake], dict[str, Handshake]]:
    """Arguments of `connect` by name: those that must be refused, and those that must be accepted.

    Args:
        token_for: Makes a token of the service's own issuer; takes `roles`, `lifetime_s` and claims.
        port: Of the service on this machine.
    """
    good, now = token_for(), int(time.time())
    header, payload, signature = good.split(".")
    elsewhere = IssuerKey.make(json.loads(_decoded(header))["kid"])
    unsigned = encode_segment(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    symmetric = encode_segment(json.dumps({**json.loads(_decoded(header)), "alg": "HS256"}).encode())
    mac = hmac.new(elsewhere.public_pem, f"{symmetric}.{payload}".encode(), hashlib.sha256).digest()
    altered = encode_segment(_decoded(payload).replace(b"test-user", b"root-user"))
    tokens = {
        "no token": None,
        "an empty token": "",
        "garbage": "not.a.token",
        "alg none": f"{unsigned}.{payload}.",
        "HS256": f"{symmetric}.{payload}.{encode_segment(mac)}",
        "another key": elsewhere.sign(json.loads(_decoded(payload))),
        "altered payload": f"{header}.{altered}.{signature}",
        "expired": token_for(iat=now - 600, exp=now - 1),
        "not yet valid": token_for(nbf=now + 600),
        "issued in the future": token_for(iat=now + 600, exp=now + 1200),
        "lives too long": token_for(exp=now + 30 * 86_400),
        "wrong issuer": token_for(iss="https://elsewhere.example/realms/vcc"),
        "wrong audience": token_for(aud="another-client"),
        "no subject": token_for(sub=None),
        "an ID token": token_for(typ="ID"),
        "no role": token_for(roles=()),
        "an unknown role": token_for(roles=("guest",)),
    }
    bad = {name: _with_header(port, token) for name, token in tokens.items()}
    bad["expired, in the query"] = {"uri": f"{_uri(port)}?token={tokens['expired']}"}
    bad["another key, as subprotocol"] = {"uri": _uri(port), "subprotocols": [f"bearer.{tokens['another key']}"]}
    bad["two different tokens"] = {**_with_header(port, good), "uri": f"{_uri(port)}?token={token_for(jti='2')}"}
    for origin in ("https://evil.example", "null", f"http://127.0.0.1.evil.example:{port}"):
        bad[f"origin {origin}"] = {**_with_header(port, good), "origin": origin}
    fine = {
        "header": _with_header(port, good),
        "each role": _with_header(port, token_for(roles=("analyst",))),
        "query": {"uri": f"{_uri(port)}?token={good}"},
        "subprotocol": {"uri": _uri(port), "subprotocols": ["clara.v1", f"bearer.{good}"]},
        "our own page": {**_with_header(port, good), "origin": f"http://127.0.0.1:{port}"},
    }
    return bad, fine


def accepted(handshake: Handshake) -> bool:
    """Whether the service opens the connection.

    Raises:
        InvalidStatus: If it refuses with anything but 401 and 403.
    """
    try:
        with connect(**handshake, proxy=None) as connection:
            connection.send("ping")
            return connection.recv(timeout=10) == "pong"
    except InvalidStatus as refused:
        if refused.response.status_code in {401, 403}:
            return False
        raise


def ends_of_expiring(token_for: MakeToken, port: int, job_id: str, *, lifetime_s: int) -> dict[str, float]:
    """Seconds from the expiry of a token to the end of its connections, by what they do meanwhile."""
    expires_at = int(time.time()) + lifetime_s
    token = token_for(exp=expires_at)
    ways = {"idle": _idle, "replaying": _replaying, "not reading": _not_reading, "server-sent events": _stream}
    with ThreadPoolExecutor(len(ways)) as pool:
        ends = {name: pool.submit(way, port, token, job_id) for name, way in ways.items()}
        return {name: end.result() - expires_at for name, end in ends.items()}


def _idle(port: int, token: str, _: str) -> float:
    with connect(**_with_header(port, token), proxy=None) as connection:
        with suppress(ConnectionClosed):
            for _message in connection:
                pass
        assert connection.close_code == 1008, connection.close_code
        return time.time()


def _replaying(port: int, token: str, job_id: str) -> float:
    handshake = {**_with_header(port, token), "uri": f"{_uri(port)}?job_id={job_id}"}
    with connect(**handshake, proxy=None) as connection:
        with suppress(ConnectionClosed):
            while True:
                connection.send('{"resume_from": 0}')
                connection.recv(timeout=10)
        assert connection.close_code == 1008, connection.close_code
        return time.time()


def _not_reading(port: int, token: str, job_id: str) -> float:
    """The end as the machine sees it: this client would learn of it only by reading."""
    path = f"{_PATH}?job_id={job_id}&resume_from=0&token={token}"
    client = Client(connected(port, path, receive_bytes=4096))
    own_port = client.socket.getsockname()[1]
    give_up = time.monotonic() + 30
    while connection_state(port, own_port) == "established" and time.monotonic() < give_up:
        client.socket.send(bytes((0x81, 0x80 | 18, 0, 0, 0, 0)) + b'{"resume_from": 0}')
        time.sleep(0.05)
    ended_at = time.time()
    client.socket.close()
    return ended_at


def _stream(port: int, token: str, job_id: str) -> float:
    url = f"http://127.0.0.1:{port}/api/training/jobs/{job_id}/events/stream"
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.stream("GET", url, headers=headers, trust_env=False, timeout=30) as response:
        lines = [line for line in response.iter_lines() if line.startswith("event: ")]
        assert lines[-1] == "event: expired", lines[-1]
        return time.time()


def connection_state(server_port: int, client_port: int) -> str:
    """The server's end of a connection on this machine, as the kernel sees it: established, closing or gone."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        if (int(local[-4:], 16), int(remote[-4:], 16)) == (server_port, client_port):
            return "established" if state == _ESTABLISHED else "closing"
    return "gone"


def _uri(port: int) -> str:
    return f"ws://127.0.0.1:{port}{_PATH}"


def _with_header(port: int, token: str | None) -> dict[str, Any]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return {"uri": _uri(port), "additional_headers": headers}


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
