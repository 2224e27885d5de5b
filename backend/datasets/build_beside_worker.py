"""The second process of a build: `python -m backend.datasets.build_beside_worker`, started by the first one.

The first line on stdin is the order, the only line on stdout the answer. The end of stdin ends the process.
"""

import sys
from pathlib import Path

from backend.common.logging import log_in_words
from backend.common.parent_pipe import ParentPipe
from backend.datasets.build_beside import do_beside
from shared.errors import ClaraError
from shared.storage import disk_errors


def main() -> int:
    """Answer one order."""
    parent = ParentPipe()
    log_in_words()
    order = parent.order()
    parent.listen()
    try:
        with disk_errors(Path(order["scratch"])):
            for answer in do_beside(order):
                parent.send(answer)
    except ClaraError as exc:
        parent.send({"error": exc.message})
    return 0


if __name__ == "__main__":
    sys.exit(main())
