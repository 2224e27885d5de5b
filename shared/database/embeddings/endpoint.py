"""Embeddings by a server that speaks OpenAI's `/v1/embeddings`: vLLM, TEI, Ollama, llama.cpp and others."""

import logging
import random
import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from shared.database.embeddings.base import EmbeddingModel
from shared.database.embeddings.errors import EmbeddingFailed
from shared.database.embeddings.prefixes import Prefixes
from shared.outgoing import PUBLIC_ONLY, OutgoingPolicy
from shared.outgoing.transport import AddressNotAllowed, GuardedTransport
from shared.outgoing.web_addresses import is_plain_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_TEMPORARY = frozenset((408, 425, 429, 500, 502, 503, 504))
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
_LONGEST_REASON = 300
_PROBE = "Verwaltungsakt"


class EndpointEmbedder:
    """A model behind an address; safe to share between threads.

    Args:
        url: Base ("http://host:8000/v1") or the whole address ("…/v1/embeddings").
        model_name: As the server calls the model.
        api_key: Sent as a bearer token; never logged or shown.
        batch_size: Texts per request.
        prefixes: Put before texts.
        query_timeout_s: For the embedding of a question, retries included.
        timeout_s: For a batch of passages, retries included.
        dimension: Where it is known; else a first request finds it out.
        outgoing: What may be connected to.
    """

    def __init__(
        self,
        url: str,
        model_name: str,
        *,
        api_key: SecretStr | None = None,
        batch_size: int = 32,
        prefixes: Prefixes | None = None,
        query_timeout_s: float = 1.5,
        timeout_s: float = 120.0,
        dimension: int | None = None,
        outgoing: OutgoingPolicy = PUBLIC_ONLY,
    ) -> None:
        self._url = _address(url)
        self._model_name = model_name
        self._batch_size = batch_size
        self._prefixes = prefixes or Prefixes()
        self._query_timeout_s = query_timeout_s
        self._timeout_s = timeout_s
        self._dimension = dimension
        self._api_key = api_key
        self._outgoing = outgoing

    @cached_property
    def model(self) -> EmbeddingModel:
        """Configured name, the name by which the server answers, and the dimension of its vectors.

        Raises:
            EmbeddingFailed: If the server cannot be asked.
        """
        vectors, served = self._batch([self._prefixes.passage + _PROBE], self._query_timeout_s)
        dimension = vectors.shape[1]
        if self._dimension is not None and dimension != self._dimension:
            raise self._failed(f"it makes vectors of {dimension} numbers, {self._dimension} are configured")
        return EmbeddingModel(self._model_name, f"{served or 'unnamed'}{self._prefixes.mark}", dimension)

    def embed_passages(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """See `Embedder.embed_passages`."""
        import numpy as np

        vectors = np.empty((len(texts), self.model.dimension), dtype=np.float32)
        for start in range(0, len(texts), self._batch_size):
            some = [self._prefixes.passage + text for text in texts[start : start + self._batch_size]]
            vectors[start : start + len(some)] = self._checked(some, self._timeout_s)
        return vectors

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """See `Embedder.embed_query`."""
        query: NDArray[np.float32] = self._checked([self._prefixes.query + text], self._query_timeout_s)[0]
        return query

    def close(self) -> None:
        """Give connections back; the next text opens others."""
        http = self.__dict__.pop("_http", None)
        if http is not None:
            http.close()

    @cached_property
    def _http(self) -> httpx.Client:
        """Made when it is first needed: certificates cost memory that an idle service does not have."""
        key = self._api_key.get_secret_value() if self._api_key else ""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        transport = GuardedTransport(self._outgoing, verify=not is_plain_text(self._url))
        return httpx.Client(headers=headers, transport=transport, trust_env=False)

    def _checked(self, texts: Sequence[str], limit_s: float) -> "NDArray[np.float32]":
        known = self.model.dimension
        vectors, _ = self._batch(texts, limit_s)
        if vectors.shape[1] != known:
            raise self._failed(
                f"it made vectors of {known} numbers and now makes some of {vectors.shape[1]}; it serves another "
                "model, `clara stores rebuild` embeds all documents anew"
            )
        return vectors

    def _batch(self, texts: Sequence[str], limit_s: float) -> "tuple[NDArray[np.float32], str]":
        """Unit vectors in the order of the texts, and the server's name of the model."""
        import numpy as np

        answer = self._posted({"model": self._model_name, "input": list(texts), "encoding_format": "float"}, limit_s)
        try:
            rows = sorted(answer["data"], key=lambda row: int(row["index"]))
            if [int(row["index"]) for row in rows] != list(range(len(texts))):
                raise ValueError(f"{len(texts)} texts were sent, {len(rows)} vectors came back")
            vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        except (KeyError, TypeError, ValueError) as exc:
            raise self._failed(f"its answer is not one of an embeddings endpoint ({exc})") from exc
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise self._failed("its answer holds vectors without a direction")
        return vectors / lengths, str(answer.get("model") or "")

    def _posted(self, body: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """The answer, asked for again after temporary refusals as long as there is time."""
        give_up = time.monotonic() + limit_s
        pause_s = _FIRST_PAUSE_S
        while True:
            left_s = max(0.05, give_up - time.monotonic())
            try:
                response = self._http.post(self._url, json=body, timeout=left_s)
            except httpx.TimeoutException as exc:
                raise self._failed(f"it did not answer within {limit_s:g} s") from exc
            except AddressNotAllowed as exc:
                raise self._failed(str(exc)) from exc
            except httpx.TransportError as exc:
                failure, wait_s = self._failed(f"it cannot be reached ({exc or type(exc).__name__})"), pause_s
                failure.__cause__ = exc
            else:
                if response.status_code not in _TEMPORARY:
                    return self._content(response)
                failure, wait_s = self._refused(response), max(pause_s, _asked_pause_s(response))
            wait_s *= random.uniform(1.0, 1.25)  # noqa: S311 - spreads retries, nothing secret
            if time.monotonic() + wait_s >= give_up:
                raise failure
            logger.warning("embedding_endpoint.retry", extra={"url": _shown(self._url), "wait_s": round(wait_s, 2)})
            time.sleep(wait_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _content(self, response: httpx.Response) -> dict[str, Any]:
        if response.status_code != httpx.codes.OK:
            raise self._refused(response)
        try:
            content = response.json()
        except ValueError as exc:
            raise self._failed("its answer is not JSON") from exc
        if not isinstance(content, dict):
            raise self._failed("its answer is not one of an embeddings endpoint")
        return content

    def _refused(self, response: httpx.Response) -> EmbeddingFailed:
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            return self._failed(f"it refuses the configured key (status {response.status_code})")
        told = response.text[:_LONGEST_REASON].strip()
        return self._failed(f"it answered {response.status_code}: {told}")

    def _failed(self, reason: str) -> EmbeddingFailed:
        return EmbeddingFailed(f"'{self._model_name}' at {_shown(self._url)}", reason)


def _address(url: str) -> str:
    plain = url.rstrip("/")
    if plain.endswith("/embeddings"):
        return plain
    return f"{plain}/embeddings" if plain.endswith("/v1") else f"{plain}/v1/embeddings"


def _shown(url: str) -> str:
    """The address without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _asked_pause_s(response: httpx.Response) -> float:
    """What `Retry-After` asks for, in seconds; a date is not looked at."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", 0)))
    except ValueError:
        return 0.0
