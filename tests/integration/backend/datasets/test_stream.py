"""A stream over a real service, small; `python -m tests.benchmarks dataset_stream` does it with 100,000 records."""

import time
from collections.abc import Iterator

import httpx
from fastapi import FastAPI

from backend.datasets.api.streaming import RecordStream
from backend.datasets.ready.lines import Lines
from tests.benchmarks.dataset_stream import measure
from tests.support.live_server import live_server

RECORDS = 2_000
BATCH_BYTES = 1 << 16
# buffers of the server and of both sockets, which the kernel lets grow to some MB each
AHEAD_BYTES = 32 << 20


def test_a_stream_is_whole_in_order_and_begins_before_it_is_made() -> None:
    figures = measure(RECORDS, written=1_000, slow_s=0.1)
    stream, made = figures["stream"], figures["stream_of_another_seed"]

    for each in (stream, made):
        assert each["records"] == each["distinct"] == RECORDS
        assert each["is_in_order"]
        assert each["is_complete"]
    # whoever collects first and sends then would need all of the time
    assert made["first_record_s"] <= 0.9 * RECORDS / made["records_per_s"]


def test_what_a_slow_reader_does_not_take_is_not_made() -> None:
    batches = 16 * AHEAD_BYTES // BATCH_BYTES
    made = 0

    def rest() -> Iterator[Lines]:
        nonlocal made
        for _ in range(batches):
            made += BATCH_BYTES
            yield Lines(b'{"a":1}\n' * (BATCH_BYTES // 8), BATCH_BYTES // 8)

    app = FastAPI()

    @app.get("/")
    async def stream() -> RecordStream:
        return RecordStream(None, rest())

    with (
        live_server(app) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
        client.stream("GET", "/") as response,
    ):
        read = len(next(response.iter_raw(chunk_size=BATCH_BYTES)))
        held = 0
        # until nothing more is made, or all of it
        while held < made < batches * BATCH_BYTES:
            held = made
            time.sleep(0.5)

    assert made - read <= AHEAD_BYTES
