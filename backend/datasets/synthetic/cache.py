"""What a model said to a request, for good: a killed build asks for nothing twice, and an order again asks nothing.

    <folder>/<document id>/<SHA-256 of the request>.json

Files appear whole, are read by whoever comes first, and go with their document.
"""

import contextlib
import hashlib
import json
import logging
import re
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.still_kept import StillKept
from shared.replacing import replacing

logger = logging.getLogger(__name__)

_SAFE = re.compile(r"[A-Za-z0-9][\w-]{0,99}")
_AT_ONCE = 500


def request_hash(body: Mapping[str, Any]) -> str:
    """SHA-256 of a request, whatever the order of its members, hex."""
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class ReplyCache:
    """Replies by document and request; safe to share between threads and processes.

    Args:
        folder: Made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, document_id: str, body: Mapping[str, Any]) -> str | None:
        """What was said to this request; None if it was not asked, or the file is damaged."""
        path = self._path(document_id, body)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        reply = content.get("reply") if isinstance(content, dict) else None
        return reply if isinstance(reply, str) else None

    def put(self, document_id: str, body: Mapping[str, Any], reply: str) -> None:
        """Keep a reply; durable when this returns.

        Raises:
            DiskFull: If no space is left.
            NotWritable: If the folder cannot be written.
        """
        with replacing(self._path(document_id, body)) as stream:
            stream.write(json.dumps({"model": body.get("model"), "reply": reply}).encode())

    def forget(self, document_id: str) -> None:
        """Remove everything that was said about a document.

        Raises:
            StillKept: If some of it cannot be removed.
        """
        failures: list[StillKept] = []

        def note(_call: object, path: str, error: tuple[type[BaseException], BaseException, object]) -> None:
            # others may remove the same at the same time
            if not isinstance(error[1], FileNotFoundError):
                failures.append(StillKept(Path(path), getattr(error[1], "strerror", None) or str(error[1])))

        # as much as can be removed
        shutil.rmtree(self._folder / _safe(document_id), onerror=note)
        if failures:
            raise failures[0]

    def keep_only(self, known: Callable[[Sequence[str]], Collection[str]]) -> None:
        """Forget documents that are not known any more; a build goes on beside what cannot be removed, and logs it.

        Args:
            known: Those of some ids that are; `DocumentStore.newest`.
        """
        names: list[str] = []
        with contextlib.suppress(FileNotFoundError):
            names = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            for gone in set(some) - set(known(some)):
                try:
                    self.forget(gone)
                except StillKept:
                    logger.warning("replies.still_kept", exc_info=True, extra={"document_id": gone})

    def _path(self, document_id: str, body: Mapping[str, Any]) -> Path:
        return self._folder / _safe(document_id) / f"{request_hash(body)}.json"


def _safe(document_id: str) -> str:
    if not _SAFE.fullmatch(document_id):
        raise ValueError(f"'{document_id}' is no id of a document")
    return document_id
