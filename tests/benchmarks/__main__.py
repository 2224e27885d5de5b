"""Run benchmarks, one JSON line each: `python -m tests.benchmarks [NAME …]`; exit code 1 if a figure is missed."""

import argparse
import importlib
import json
import pkgutil
import sys

from tests import benchmarks


def main() -> int:
    names = [info.name for info in pkgutil.iter_modules(benchmarks.__path__) if not info.name.startswith("_")]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names)}; default: all")
    chosen = parser.parse_args().names or names
    missed = 0
    for name in chosen:
        if name not in names:
            parser.error(f"unknown benchmark '{name}'; known: {', '.join(names)}")
        figures = importlib.import_module(f"tests.benchmarks.{name}").measure()
        print(json.dumps({"benchmark": name, **figures}), flush=True)
        missed += not figures["holds"]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
