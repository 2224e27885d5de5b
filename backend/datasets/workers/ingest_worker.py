"""The process that parses: `python -m backend.datasets.workers.ingest_worker`.

Files from outside are parsed here and not in the service, so that a crash, a hang or a bomb costs one file. Requests
come as JSON lines on stdin, answers go as JSON lines to a private copy of stdout (what a library prints goes to
stderr); the end of stdin ends the process.
"""

import argparse
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

from backend.datasets.ingest import wire
from backend.datasets.ingest.base import ReadLimits
from backend.datasets.ingest.pipeline import ingest_files
from shared.database.base import DocumentStore
from shared.database.uds3_client import Uds3Client
from shared.errors import ClaraError

logger = logging.getLogger(__name__)

_LINGER_S = 120.0
_DRAIN_SLICE = 500


class IngestWorker:
    """Answers one request after the other."""

    def __init__(self, documents: DocumentStore, search: Uds3Client, limits: ReadLimits, out: BinaryIO) -> None:
        self._documents = documents
        self._search = search
        self._limits = limits
        self._out = out

    def run(self, requests: Iterator[bytes]) -> None:
        """Say that we are here, then serve until the requests end."""
        self._send({"type": wire.READY})
        for line in requests:
            try:
                self._serve(json.loads(line))
            except ClaraError as exc:
                self._send({"type": wire.ERROR, "code": exc.code, "message": exc.message})
            except (ValueError, KeyError, TypeError) as exc:
                message = f"The request is not understood ({type(exc).__name__}: {exc})."
                self._send({"type": wire.ERROR, "code": "invalid_input", "message": message})

    def _serve(self, request: Mapping[str, Any]) -> None:
        summary = ingest_files(
            wire.requested_files(request),
            store=self._documents,
            source=str(request["source"]),
            ingested_by=str(request["ingested_by"]),
            limits=self._limits,
            report=lambda event: self._send(wire.event_line(event)),
        )
        indexed = 0
        self._send({"type": wire.INDEXING, "indexed": indexed})
        while count := self._search.drain(limit=_DRAIN_SLICE):
            indexed += count
            self._send({"type": wire.INDEXING, "indexed": indexed})
        self._send({"type": wire.SUMMARY, **asdict(summary), "indexed": indexed, "stores": self._search.status()})

    def _send(self, line: Mapping[str, Any]) -> None:
        self._out.write(json.dumps(line, ensure_ascii=False).encode("utf-8") + b"\n")
        self._out.flush()


def requests_from(stream: BinaryIO, *, linger_s: float) -> Iterator[bytes]:
    """Lines of `stream`; once it has ended, what runs has `linger_s` to finish before the process is ended.

    The end of stdin means that the service is gone: nobody would kill a parser that hangs.
    """
    lines: queue.Queue[bytes | None] = queue.Queue()
    finished = threading.Event()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)
        if not finished.wait(linger_s):
            os._exit(1)

    threading.Thread(target=read, name="requests", daemon=True).start()
    while (line := lines.get()) is not None:
        if line.strip():
            yield line
    finished.set()


def private_stdout() -> BinaryIO:
    """The real stdout for us alone; everything that prints goes to stderr from now on."""
    descriptor = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(descriptor, "wb")


def limit_memory(megabytes: int) -> None:
    """Bound the address space, where the system can (not on Windows); 0 leaves it unbounded."""
    if megabytes <= 0 or os.name == "nt":
        return
    import resource

    size = megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Read settings, open stores, serve."""
    parser = argparse.ArgumentParser(prog="ingest_worker")
    parser.add_argument("--memory-mb", type=int, default=0, help="largest address space in MiB; 0: unbounded")
    parser.add_argument("--linger-s", type=float, default=_LINGER_S, help="time to finish after the end of stdin")
    arguments = parser.parse_args()
    out = private_stdout()
    limit_memory(arguments.memory_mb)

    from backend.datasets.search_stores import fed_store_names, open_client
    from config import get_config
    from shared.database.stores import open_stores

    settings = get_config()
    logging.basicConfig(level=settings.log_level, stream=sys.stderr)
    stores = open_stores(settings.database_url_resolved, derived_stores=fed_store_names(settings))
    search = open_client(settings, stores.documents)
    limits = ReadLimits(
        max_file_bytes=settings.upload_file_limit_mb << 20,
        max_archive_bytes=settings.max_upload_mb << 20,
        max_rows=settings.upload_row_limit,
    )
    try:
        worker = IngestWorker(stores.documents, search, limits, out)
        worker.run(requests_from(sys.stdin.buffer, linger_s=arguments.linger_s))
    except BrokenPipeError:
        return 1  # the service is gone; what was committed stays, the rest is ingested when it asks again
    finally:
        stores.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
