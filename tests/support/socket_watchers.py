"""Clients that follow a job over a WebSocket which they keep dropping at random moments."""

import asyncio
import json
import random
from dataclasses import dataclass, field

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

TERMINAL = frozenset({"completed", "failed", "cancelled"})


@dataclass
class Watcher:
    """One client that resumes after the last update that it has.

    Args:
        uri: Of the WebSocket, without a query.
        token: Of the caller.
        job_id: The job that it follows, to its end.
        cuts_wanted: How often the connection is dropped before that.
        chance: Decides when, and how it resumes.
    """

    uri: str
    token: str
    job_id: str
    cuts_wanted: int
    chance: random.Random
    got: list[tuple[int, str]] = field(default_factory=list)
    cuts: int = 0
    connections: int = 0
    duplicates: int = 0
    gaps: int = 0
    resumed_by_message: int = 0
    has_ended: bool = False

    async def follow(self) -> None:
        """Connect, be cut, resume; until the job has ended."""
        while not self.has_ended:
            is_last = self.cuts == self.cuts_wanted
            try:
                async with asyncio.timeout(None if is_last else self.chance.uniform(0.0, 0.3)):
                    await self._connection()
            except (TimeoutError, ConnectionClosed):
                self.cuts += 1

    async def _connection(self) -> None:
        by_message = self.chance.random() < 0.5
        last = self.got[-1][0] if self.got else 0
        query = f"?job_id={self.job_id}" + ("" if by_message else f"&resume_from={last}")
        headers = {"Authorization": f"Bearer {self.token}"}
        connection = await connect(self.uri + query, additional_headers=headers, proxy=None)
        self.connections += 1
        try:
            if by_message:
                self.resumed_by_message += 1
                await connection.send(json.dumps({"resume_from": last}))
            async for message in connection:
                self._take(json.loads(message), is_replayed=not by_message)
                if self.has_ended:
                    return
        finally:
            # no good-bye: what is under way is lost
            connection.transport.abort()

    def _take(self, update: dict[str, object], *, is_replayed: bool) -> None:
        """Keep the next update; one asked for by message may be overtaken by live ones, which come again."""
        seq = update["seq"]
        assert isinstance(seq, int)
        last = self.got[-1][0] if self.got else 0
        if seq != last + 1:
            self.duplicates += is_replayed and seq <= last
            self.gaps += is_replayed and seq > last
            return
        self.got.append((seq, str(update["event"])))
        self.has_ended = update["event"] == "status" and update["status"] in TERMINAL
