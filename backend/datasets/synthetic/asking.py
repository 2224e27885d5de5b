"""One passage asked about: from the cache, else from the endpoint; and a count of what came of it all."""

import threading
from collections import Counter
from typing import Any

from backend.datasets.records.drafts import Draft
from backend.datasets.synthetic.cache import ReplyCache
from backend.datasets.synthetic.endpoint import ChatClient, RequestRefused
from backend.datasets.synthetic.prompt import Prompt
from backend.datasets.synthetic.validation import Rejection, validated
from shared.models.dataset import RecordOrigin

TEMPLATE = "synthetic_question"
_NEW, _KEPT_BEFORE = "asked", "from_cache"


class Questioner:
    """Makes drafts by asking a model; safe to share between threads.

    Args:
        model: As the endpoint calls it.
        client: Asks it.
        cache: Has what was asked before.
        prompt: What it is asked for.
    """

    def __init__(self, model: str, client: ChatClient, cache: ReplyCache, prompt: Prompt) -> None:
        self._model = model
        self._client = client
        self._cache = cache
        self._prompt = prompt
        self._counts: Counter[str] = Counter({_NEW: 0, _KEPT_BEFORE: 0})
        self._rejected: Counter[str] = Counter()
        self._lock = threading.Lock()

    def draft(self, document_id: str, reference: str, text: str) -> Draft | None:
        """A question about a text with its answer; None if what was said cannot be used.

        Args:
            document_id: Whose text it is; the reply goes with it.
            reference: How the text is cited.
            text: Normalised, without the personal data that must not be used.

        Raises:
            SyntheticFailed: If the endpoint does not answer.
        """
        body = self._prompt.request(self._model, reference=reference, text=text)
        reply = self._cache.get(document_id, body)
        self._count(_NEW if reply is None else _KEPT_BEFORE)
        if reply is None:
            try:
                reply = self._client.reply(body)
            except RequestRefused:
                self._reject(Rejection.REFUSED_BY_ENDPOINT)
                return None
            self._cache.put(document_id, body, reply)
        found = validated(reply, text=text, reference=reference)
        if isinstance(found, Rejection):
            self._reject(found)
            return None
        return Draft(
            question=found.question,
            answer=found.answer,
            template=TEMPLATE,
            origin=RecordOrigin.SYNTHETIC,
            model=self._model,
            prompt_version=self._prompt.version,
        )

    @property
    def asks(self) -> dict[str, str]:
        """Who is asked for what."""
        return {"model": self._model, "prompt": self._prompt.version}

    def as_json(self) -> dict[str, Any]:
        """Who was asked how often, and what was rejected for which reason."""
        with self._lock:
            return {
                **self.asks,
                **self._counts,
                "rejected": dict(sorted(self._rejected.items())),
            }

    def close(self) -> None:
        """Give connections back."""
        self._client.close()

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1

    def _reject(self, reason: Rejection) -> None:
        with self._lock:
            self._rejected[reason.value] += 1
