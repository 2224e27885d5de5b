"""The process that judges texts: `python -m backend.datasets.quality.apart_worker`, started by a build.

The first line on stdin names the profile, each further one holds texts; each is answered by a line on stdout. The end
of stdin ends the process.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from backend.common.logging import log_in_words
from backend.datasets.quality.apart import encoded
from backend.datasets.quality.learnt import fluency_filter_of
from backend.datasets.quality.pipeline import Assessment, QualityPipeline
from backend.datasets.quality.profile import profile_of
from shared.errors import ClaraError


def main() -> int:
    """Serve until stdin ends."""
    # what a library prints must not get between the answers
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    log_in_words()
    serve(sys.stdin.buffer, answers)
    return 0


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer the order, then every line of texts."""
    order = json.loads(requests.readline())
    try:
        profile = profile_of(order["profile"])
        fluency = fluency_filter_of(Path(order["fluency"])) if order["fluency"] else None
        pipeline = QualityPipeline(profile, fluency=fluency)
    except ClaraError as exc:
        _say(answers, {"error": exc.message})
        return
    _say(answers, {"profile_version": pipeline.profile_version})
    for line in requests:
        _say(answers, {"judged": [_told(each) for each in pipeline.assess_many(json.loads(line)["texts"])]})


def _told(assessment: Assessment) -> list[Any]:
    return [
        assessment.score,
        assessment.decision.value,
        assessment.reasons,
        dict(assessment.signals),
        assessment.language,
    ]


def _say(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(encoded(message))
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
