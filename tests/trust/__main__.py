"""Run trust experiments, one JSON line each: `python -m tests.trust [G01 …] [--fast]`; exit code 1 if one fails.

    python -m tests.trust                     everything, in full, on each database that matters
    python -m tests.trust G03 --fast          the short form that runs with the tests
    python -m tests.trust G01 --database postgresql --write

With --write the lines are kept in docs/figures/trust.jsonl; docs/trust.md and the figures of the README are made anew.
"""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any

from tests.support.figures import machine
from tests.trust.catalogue import Experiment, experiments
from tests.trust.page import write
from tests.trust.place import a_place


def main() -> int:
    known = experiments()
    parser = argparse.ArgumentParser(
        prog="python -m tests.trust", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)}; default: all")
    parser.add_argument("--fast", action="store_true", help="the short forms")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="default: each that matters")
    parser.add_argument("--write", action="store_true", help="write docs/trust.md (full forms only)")
    options = parser.parse_args()
    chosen = [name.upper() for name in options.names] or list(known)
    if unknown := sorted(set(chosen) - set(known)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    if options.write and options.fast:
        parser.error("--write takes the full forms; leave --fast out")
    held = True
    for name in chosen:
        for database in known[name].databases:
            if options.database in (None, database):
                line = _run(known[name], database, is_full=not options.fast)
                held = held and line["holds"]
                if options.write:
                    # at once: whatever happens to later ones, this one was measured
                    write([line])
    return 0 if held else 1


def _run(experiment: Experiment, database: str, *, is_full: bool) -> dict[str, Any]:
    started = time.monotonic()
    figures: Mapping[str, Any]
    try:
        if reason := experiment.missing():
            raise RuntimeError(reason)
        with a_place(database, is_full=is_full) as place:
            figures = experiment.run(place)
    except Exception as error:  # noqa: BLE001 - an experiment that breaks has not held; the others go on
        traceback.print_exc()
        figures = {"holds": False, "error": f"{type(error).__name__}: {str(error)[:200]}"}
    line = {
        "test": experiment.name,
        "subject": experiment.subject,
        "form": "full" if is_full else "fast",
        "database": database,
        **figures,
        "seconds": round(time.monotonic() - started, 1),
        "machine": machine(),
    }
    print(json.dumps(line), flush=True)
    return line


if __name__ == "__main__":
    sys.exit(main())
