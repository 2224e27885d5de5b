"""The service's end of a warm parent."""

import asyncio
import sys
from pathlib import Path

import pytest

from backend.training.workers.warm.parent_link import ParentLink

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

DEAF = """
import os, signal, socket, sys, time
from backend.training.workers.warm.wire import send_packet
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with socket.socket(fileno=int(sys.argv[1])) as wire:
    send_packet(wire, {"ready": os.getpid()})
    time.sleep(600)
"""


def test_whoever_is_cancelled_while_it_ends_a_parent_leaves_none_behind(tmp_path: Path) -> None:
    async def scenario() -> None:
        link = await ParentLink.start((sys.executable, "-c", DEAF), {}, log=tmp_path / "log")
        await link.ready.wait()
        ending = asyncio.create_task(link.end())
        await asyncio.sleep(0.05)
        ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ending
        assert link.exit_code == -9

    asyncio.run(scenario())
