"""No address that somebody names leads our own requests inside.

Every hostile address is tried by each way in which we connect: both transports, the embedding endpoint, the endpoint
that writes questions, the keys of the issuer, the resolver and the loop of databases, and the guard of the process that
talks to MLflow. Names whose owner changes them between two looks, and servers that redirect, are real ones on this
machine. Counted are the connections that a listener got and, by the interpreter's own audit events, every attempt to
connect at all.
"""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from backend.datasets.synthetic.endpoint import ChatClient, SyntheticEndpoint
from shared.auth.jwks import fetch_document
from shared.database.embeddings.endpoint import EndpointEmbedder
from shared.errors import ClaraError
from shared.outgoing import PUBLIC_ONLY, AddressRefused, OutgoingPolicy
from shared.outgoing.loop import GuardedLoop
from shared.outgoing.resolving import resolved
from shared.outgoing.transport import AddressNotAllowed, AsyncGuardedTransport, GuardedTransport
from tests.support.connection_counter import Listener, listening, watching
from tests.support.hostile_urls import REDIRECTED, WRITTEN, resolving
from tests.support.installation import ROOT
from tests.trust.place import Place

Way = Callable[[str], None]
_FRONT = OutgoingPolicy.parse(["front.test", "127.0.0.2"])


def run(place: Place) -> Mapping[str, Any]:
    """Written, redirected, rebound; then the process guard."""
    with listening("127.0.0.1", "::1") as trap, watching() as connects:
        urls = [url.format(port=trap.port) for url in WRITTEN]
        started = time.monotonic()
        with resolving():
            passed = [f"{name} {url}" for name, way in _WAYS.items() for url in urls if not _is_refused(way, url)]
        seconds = time.monotonic() - started
        attempts = list(connects.tried)
        followed = _redirects(trap)
        rebound = _rebinding(trap)
        guarded = _process(urls, trap.port)
        hits = trap.accepted
    return {
        "holds": not (passed or attempts or hits or followed["passed"] or rebound["passed"] or guarded["connections"]),
        "urls": len(urls),
        "ways": len(_WAYS) + 1,
        "refused": len(urls) * len(_WAYS) - len(passed),
        "passed": passed[:10],
        "attempts_to_connect": attempts[:10],
        "connections": hits,
        "redirects": followed,
        "rebinding": rebound,
        "guarded_process": guarded,
        "milliseconds_each": round(1000 * seconds / (len(urls) * len(_WAYS)), 2),
    }


def _sync(url: str) -> None:
    with httpx.Client(transport=GuardedTransport(PUBLIC_ONLY), trust_env=False, timeout=2) as client:
        client.get(url)


def _async(url: str) -> None:
    async def call() -> None:
        transport = AsyncGuardedTransport(PUBLIC_ONLY)
        async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=2) as client:
            await client.get(url)

    asyncio.run(call())


def _keys(url: str) -> None:
    asyncio.run(fetch_document(url))


def _embedding(url: str) -> None:
    embedder = EndpointEmbedder(url, "e5", query_timeout_s=0.5)
    try:
        embedder.embed_query("Widerspruch")
    finally:
        embedder.close()


def _synthetic(url: str) -> None:
    client = ChatClient(SyntheticEndpoint(url, "m", timeout_s=0.5), sleep=lambda _: None)
    try:
        client.reply({"messages": []})
    finally:
        client.close()


def _driver(url: str) -> None:
    """As a driver that is given addresses, such as libpq."""
    host, port = _place(url)
    address = resolved(PUBLIC_ONLY, host, port)[0]
    socket.create_connection((str(address), port), timeout=2).close()


def _cluster(url: str) -> None:
    """As a driver that resolves and connects in a loop of ours, such as Neo4j's."""
    host, port = _place(url)

    async def connect() -> None:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()

    loop = GuardedLoop(PUBLIC_ONLY)
    try:
        loop.run_until_complete(connect())
    finally:
        loop.close()


def _place(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or 80
    except ValueError as error:
        raise AddressRefused(url, "it is no address") from error


_WAYS: Mapping[str, Way] = {
    "sync": _sync,
    "async": _async,
    "keys": _keys,
    "embedding": _embedding,
    "synthetic": _synthetic,
    "driver": _driver,
    "cluster": _cluster,
}


def _is_refused(way: Way, url: str) -> bool:
    try:
        way(url)
    except (httpx.HTTPError, httpx.InvalidURL, ClaraError, OSError):
        # whoever tried all the same is among the attempts
        return True
    return False


def _redirects(trap: Listener) -> Mapping[str, Any]:
    """A server that may be asked sends its callers on; a client that follows must get no further."""
    passed = []
    with resolving(), listening("127.0.0.2") as front:
        transport = GuardedTransport(_FRONT)
        with httpx.Client(transport=transport, trust_env=False, timeout=2, follow_redirects=True) as client:
            for target in REDIRECTED:
                front.location = target.format(port=trap.port)
                try:
                    client.get(f"http://front.test:{front.port}/")
                except AddressNotAllowed:
                    continue
                passed.append(target)
        # it was reached, so that the redirect was what was refused
        return {"tried": len(REDIRECTED), "reached_the_front": front.accepted, "passed": passed}


def _rebinding(trap: Listener) -> Mapping[str, Any]:
    """The name is ours when it is checked, and another's ever after."""
    url = f"http://rebind.test:{trap.port}/"
    with listening("127.0.0.2", port=trap.port) as front:
        before = trap.accepted
        reached = []
        with resolving("127.0.0.2", "127.0.0.1"):
            for _ in range(2):
                with httpx.Client(transport=GuardedTransport(_FRONT), trust_env=False, timeout=2) as client:
                    try:
                        client.get(url)
                    except AddressNotAllowed:
                        reached.append("refused")
                    except httpx.TransportError:
                        # the listener hangs up without a word
                        reached.append("front")
        is_right = reached == ["front", "refused"] and front.accepted == 1 and trap.accepted == before
    return {"looks": 2, "reached": reached, "passed": [] if is_right else reached}


_PROGRAM = """
import json, sys
from shared.outgoing import PUBLIC_ONLY
from shared.outgoing.process import guard_this_process
from tests.support.connection_counter import watching
from tests.support.hostile_urls import resolving
import urllib.request
urllib.request.getproxies = dict
with resolving(), watching() as connects:
    guard_this_process(PUBLIC_ONLY)
    refused = 0
    for url in json.loads(sys.argv[1]):
        try:
            urllib.request.build_opener().open(url, timeout=2)
        except Exception:
            refused += 1
print(json.dumps({"refused": refused, "connections": len(connects.tried)}))
"""


def _process(urls: list[str], port: int) -> Mapping[str, Any]:
    """A client that knows nothing of us, in a process that is guarded."""
    wanted = [url for url in urls if url.startswith("http:")]
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(wanted)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(run.stdout)
    return {"urls": len(wanted), **found}
