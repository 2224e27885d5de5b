"""A server that speaks OpenAI's `/v1/chat/completions`, asked with patience: vLLM, llama.cpp, Ollama and others."""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from shared.errors import Unavailable
from shared.outgoing import PUBLIC_ONLY, OutgoingPolicy
from shared.outgoing.transport import AddressNotAllowed, GuardedTransport

logger = logging.getLogger(__name__)

_TEMPORARY = frozenset((408, 409, 425, 429, 500, 502, 503, 504))
_OF_THIS_REQUEST = frozenset((400, 413, 422))
_MOST_TRIES = 6
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_LONGEST_ASKED_PAUSE_S = 300.0
_LONGEST_REASON = 300
_MOST_BYTES = 4 << 20


class SyntheticFailed(Unavailable):
    """The endpoint does not answer as one; what it answered so far is kept and not asked for again."""

    code = "synthetic_failed"

    def __init__(self, endpoint: "SyntheticEndpoint", reason: str) -> None:
        super().__init__(
            f"Model '{endpoint.model}' at {endpoint.shown} wrote no questions: {reason}. Check CLARA_SYNTHETIC_URL, "
            "CLARA_SYNTHETIC_MODEL and CLARA_SYNTHETIC_KEY, then order the dataset again.",
            model=endpoint.model,
            reason=reason,
        )


class RequestRefused(Exception):
    """The endpoint refuses this one request, such as one that is too long for its model; others may be fine."""


@dataclass(frozen=True, slots=True)
class SyntheticEndpoint:
    """Which server is asked for which model.

    Args:
        url: Base ("http://host:8000/v1") or the whole address ("…/v1/chat/completions").
        model: As the server calls it.
        key: Sent as a bearer token; never logged or shown.
        concurrency: Requests at once.
        timeout_s: Of one request; a slow one is asked again.
    """

    url: str
    model: str
    key: SecretStr | None = None
    concurrency: int = 4
    timeout_s: float = 120.0

    @property
    def address(self) -> str:
        """Where requests are sent."""
        plain = self.url.rstrip("/")
        if plain.endswith("/chat/completions"):
            return plain
        return f"{plain}/chat/completions" if plain.endswith("/v1") else f"{plain}/v1/chat/completions"

    @property
    def shown(self) -> str:
        """The address without credentials."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


class ChatClient:
    """Asks an endpoint; safe to share between threads.

    Args:
        endpoint: Who is asked.
        outgoing: Where it may be.
        transport: How it is asked; None: guarded by `outgoing`.
        sleep: Waits between tries.
    """

    def __init__(
        self,
        endpoint: SyntheticEndpoint,
        *,
        outgoing: OutgoingPolicy = PUBLIC_ONLY,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._sleep = sleep
        key = endpoint.key.get_secret_value() if endpoint.key else ""
        limits = httpx.Limits(max_connections=endpoint.concurrency)
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=endpoint.timeout_s,
            transport=transport or GuardedTransport(outgoing, limits=limits),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Give connections back."""
        self._http.close()

    def reply(self, body: Mapping[str, Any]) -> str:
        """What the model says to a request; asked again after temporary refusals.

        Raises:
            RequestRefused: If the endpoint refuses this very request.
            SyntheticFailed: If it does not answer after all tries, or not as such an endpoint does.
        """
        pause_s = _FIRST_PAUSE_S
        for tries_left in reversed(range(_MOST_TRIES)):
            try:
                return self._once(body)
            except _Temporary as exc:
                wait_s = max(pause_s, exc.asked_pause_s) * random.uniform(1.0, 1.25)  # noqa: S311 - spreads retries
                if not tries_left or exc.asked_pause_s > _LONGEST_ASKED_PAUSE_S:
                    raise SyntheticFailed(self._endpoint, str(exc)) from exc
            logger.warning("synthetic.retry", extra={"wait_s": round(wait_s, 2), "tries_left": tries_left})
            self._sleep(wait_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        raise AssertionError("unreachable: the last try returns or raises")

    def _once(self, body: Mapping[str, Any]) -> str:
        try:
            with self._http.stream("POST", self._endpoint.address, json=body) as response:
                raw = _read(response)
        except AddressNotAllowed as exc:
            raise SyntheticFailed(self._endpoint, str(exc)) from exc
        except httpx.TimeoutException as exc:
            raise _Temporary(f"it did not answer within {self._endpoint.timeout_s:g} s") from exc
        except httpx.TransportError as exc:
            raise _Temporary(f"it cannot be reached ({exc or type(exc).__name__})") from exc
        except _TooLong as exc:
            raise SyntheticFailed(self._endpoint, "its answer is longer than 4 MiB") from exc
        told = raw[:_LONGEST_REASON].decode("utf-8", "replace").strip()
        if response.status_code in _TEMPORARY:
            raise _Temporary(f"it answered {response.status_code}: {told}", _asked_pause_s(response))
        if response.status_code in _OF_THIS_REQUEST:
            raise RequestRefused(f"{response.status_code}: {told}")
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            # the body may repeat the key
            raise SyntheticFailed(self._endpoint, f"it refuses the configured key (status {response.status_code})")
        if response.status_code != httpx.codes.OK:
            raise SyntheticFailed(self._endpoint, f"it answered {response.status_code}: {told}")
        return self._content(raw)

    def _content(self, raw: bytes) -> str:
        try:
            said = json.loads(raw)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError) as exc:
            raise SyntheticFailed(self._endpoint, "its answer is none of a chat endpoint") from exc
        # a model that says nothing says null
        return said if isinstance(said, str) else ""


class _Temporary(Exception):
    """A refusal that may pass."""

    def __init__(self, reason: str, asked_pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.asked_pause_s = asked_pause_s


class _TooLong(Exception):
    """An answer that no question has."""


def _read(response: httpx.Response) -> bytes:
    raw = bytearray()
    for chunk in response.iter_bytes():
        raw += chunk
        if len(raw) > _MOST_BYTES:
            raise _TooLong
    return bytes(raw)


def _asked_pause_s(response: httpx.Response) -> float:
    """What `Retry-After` asks for, in seconds: a number or a date; 0 without it."""
    asked = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(asked)
    except ValueError:
        return 0.0
    return max(0.0, (moment - datetime.now(moment.tzinfo or UTC)).total_seconds()) if moment.tzinfo else 0.0
