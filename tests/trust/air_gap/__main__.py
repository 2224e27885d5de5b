"""Run a command without a network and count what it tried to reach: `python -m tests.trust.air_gap COMMAND …`.

    python -m tests.trust.air_gap python -m pytest -q tests/unit/shared
    python -m tests.trust.air_gap --trace python -m pytest tests/e2e/test_bad_input.py

With --trace every call is looked at, which takes time and names the addresses. Tests are named in both cases. Exit
code: that of the command; 1 if it was 0 but somebody was to be reached.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from tests.trust.air_gap.running import missing, missing_trace, run_air_gapped
from tests.trust.air_gap.witness import account, switched_on

_LONGEST_S = 3600


def main(command: list[str]) -> int:
    is_traced = command[:1] == ["--trace"]
    command = command[is_traced:]
    if not command or command[0] in ("-h", "--help"):
        print(__doc__)
        return 2 if not command else 0
    if reason := missing() or (missing_trace() if is_traced else ""):
        print(reason, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="clara-air-gap-") as folder:
        witness = Path(folder, "tests.jsonl")
        done = run_air_gapped(
            command,
            Path(folder, "run"),
            environment={**os.environ, **switched_on(witness)},
            timeout_s=_LONGEST_S,
            is_traced=is_traced,
        )
        seen = account(witness)
    print(done.output)
    figures = {
        "exit_code": done.code,
        "outgoing_attempts": done.attempts,
        "addresses": done.addresses,
        "suspects": seen.suspects,
        "failed": seen.failed,
        "seconds": round(done.seconds, 1),
    }
    print(json.dumps(figures))
    return done.code or int(done.attempts != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
