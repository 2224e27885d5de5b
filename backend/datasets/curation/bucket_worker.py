"""The process that measures buckets: `python -m backend.datasets.curation.bucket_worker`, started by a quality run.

The first line on stdin says where everything is, each further one is a bucket; each is answered by a line on stdout
with what was measured, or with why it was not. The end of stdin ends the process.
"""

import sys
from typing import Any, BinaryIO

from backend.common.json_lines import decode, encode
from backend.common.logging import log_in_words
from backend.datasets.curation.measuring import Measurer
from backend.datasets.curation.messages import bucket_from, figures_told
from backend.datasets.curation.opened_measurer import opened_measurer
from shared.errors import ClaraError


def main() -> int:
    """Serve until stdin ends."""
    log_in_words()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        with opened_measurer(decode(requests.readline())) as measurer:
            serve(measurer, requests, answers)
    except ClaraError as exc:
        answers.write(encode({"error": exc.message}))
        return 1
    return 0


def serve(measurer: Measurer, requests: BinaryIO, answers: BinaryIO) -> None:
    """Measure every bucket that is asked for; what goes wrong is said and the next one is awaited."""
    for line in requests:
        answer: dict[str, Any]
        try:
            answer = figures_told(measurer.measured(bucket_from(decode(line))))
        except ClaraError as exc:
            answer = {"error": exc.message}
        answers.write(encode(answer))
        answers.flush()


if __name__ == "__main__":
    sys.exit(main())
