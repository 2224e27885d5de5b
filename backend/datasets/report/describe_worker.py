"""The process that measures finished records: `python -m backend.datasets.report.describe_worker`, started by a build.

The first line on stdin says which, the only line on stdout is the answer. The end of stdin ends the process.
"""

import sys
from pathlib import Path

from backend.common.logging import log_in_words
from backend.common.parent_pipe import ParentPipe
from backend.datasets.report.finished import describe_records


def main() -> int:
    """Answer one order."""
    parent = ParentPipe()
    log_in_words()
    order = parent.order()
    parent.listen()
    told = describe_records(Path(order["records_dir"]), seed=int(order["seed"]), scratch=Path(order["scratch"]))
    parent.send(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
