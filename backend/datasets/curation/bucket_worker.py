"""The process that measures buckets: `python -m backend.datasets.curation.bucket_worker`, started by a quality run.

The first line on stdin says where everything is, each further one is a bucket; each is answered by a line on stdout.
The end of stdin ends the process.
"""

import sys
from pathlib import Path
from typing import Any, BinaryIO

from backend.common.json_lines import decode, encode
from backend.common.logging import log_in_words
from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.measuring import Measurer
from backend.datasets.curation.signal_files import SignalFiles
from backend.datasets.quality.learnt import fluency_filter_of
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import profile_of
from shared.database.stores import open_stores
from shared.errors import ClaraError


def main() -> int:
    """Serve until stdin ends."""
    log_in_words()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    order = decode(requests.readline())
    stores = open_stores(order["database_url"], derived_stores=())
    try:
        profile = profile_of(order["profile"])
        fluency = fluency_filter_of(Path(order["fluency"]), profile.language) if order["fluency"] else None
        pipeline = QualityPipeline(profile, fluency=fluency)
        serve(Measurer(stores.documents, pipeline, SignalFiles(Path(order["folder"]))), requests, answers)
    finally:
        stores.close()
    return 0


def serve(measurer: Measurer, requests: BinaryIO, answers: BinaryIO) -> None:
    """Measure every bucket that is asked for; what goes wrong is said and the next one is awaited."""
    for line in requests:
        answer: dict[str, Any]
        try:
            answer = {"measured": measurer.measure(_bucket(decode(line)))}
        except ClaraError as exc:
            answer = {"error": exc.message}
        answers.write(encode(answer))
        answers.flush()


def _bucket(order: dict[str, Any]) -> Bucket:
    return Bucket(order["number"], order["state"], tuple(order["document_ids"]), order["sections"])


if __name__ == "__main__":
    sys.exit(main())
