"""Run trust experiments, one JSON line each: `python -m tests.trust [G01 …] [--fast]`; exit code 1 if one fails.

    python -m tests.trust                     everything, in full, on both databases
    python -m tests.trust G03 --fast          the short form that runs with the tests
    python -m tests.trust G01 --database postgresql
"""

import argparse
import json
import sys
import time

from tests.trust.catalogue import Experiment, experiments
from tests.trust.place import a_place


def main() -> int:
    known = experiments()
    parser = argparse.ArgumentParser(
        prog="python -m tests.trust", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)}; default: all")
    parser.add_argument("--fast", action="store_true", help="the short forms")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="default: each that matters")
    options = parser.parse_args()
    chosen = [name.upper() for name in options.names] or list(known)
    if unknown := sorted(set(chosen) - set(known)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    started = time.monotonic()
    holds = [
        _run(known[name], database, is_full=not options.fast)
        for name in chosen
        for database in known[name].databases
        if options.database in (None, database)
    ]
    seconds = round(time.monotonic() - started)
    print(json.dumps({"experiments": len(holds), "held": sum(holds), "seconds": seconds}), flush=True)
    return 0 if all(holds) else 1


def _run(experiment: Experiment, database: str, *, is_full: bool) -> bool:
    started = time.monotonic()
    with a_place(database, is_full=is_full) as place:
        figures = experiment.run(place)
    line = {"test": experiment.name, "subject": experiment.subject, "form": "full" if is_full else "fast"}
    where = {"database": database} if len(experiment.databases) > 1 else {}
    print(json.dumps({**line, **where, **figures, "seconds": round(time.monotonic() - started, 1)}), flush=True)
    return bool(figures["holds"])


if __name__ == "__main__":
    sys.exit(main())
