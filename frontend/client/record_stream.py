"""Read a stream of records to the line that says how it ended."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from shared.errors import Unavailable

_COMPLETE = "complete"
_CUT = "the connection was cut"


class StreamEndedEarly(Unavailable):
    """A stream of records ended without being complete; what came is not all of it."""

    code = "stream_ended_early"

    def __init__(self, records: int, reason: str) -> None:
        self.records = records
        super().__init__(f"The stream ended after {records} records: {reason}. Ask again.", records=records)


def records_of(response: httpx.Response) -> Iterator[Mapping[str, Any]]:
    """The records of a stream, as they come.

    Raises:
        StreamEndedEarly: If it is cut, if the service had to end it, or if other bytes came than were sent.
    """
    digest, records = hashlib.sha256(), 0
    try:
        for line in response.iter_lines():
            found = json.loads(line)
            if found.keys() == {"end"}:
                _check(found["end"], records, digest.hexdigest())
                return
            digest.update(f"{line}\n".encode())
            records += 1
            yield found
    except httpx.TimeoutException as exc:
        raise StreamEndedEarly(records, "there was no answer in time") from exc
    except (httpx.TransportError, json.JSONDecodeError) as exc:
        # cut amid a line, it ends with half a one where nobody counts the bytes
        raise StreamEndedEarly(records, _CUT) from exc
    raise StreamEndedEarly(records, _CUT)


def _check(end: Mapping[str, Any], records: int, sha256: str) -> None:
    if end["status"] != _COMPLETE:
        raise StreamEndedEarly(records, str(end.get("message") or end["status"]))
    if (end["records"], end["sha256"]) != (records, sha256):
        raise StreamEndedEarly(records, f"{end['records']} were sent, or others than came")
