"""Run benchmarks, one JSON line each: `python -m tests.benchmarks [NAME …]`; exit code 1 if a figure is missed.

With --write the lines are kept in docs/figures/benchmarks.jsonl and docs/figures.md is made anew from all of them.
"""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterable
from typing import Any

from tests import benchmarks
from tests.support.figures import DOCS, Line, machine, record, table

LINES = DOCS / "figures" / "benchmarks.jsonl"
PAGE = DOCS / "figures.md"
HEAD = """# Measured figures

Written by `make figures` (`python -m tests.benchmarks --write`). Absolute figures belong to the machine named with
them; ratios were measured side by side in the same run. [What CLARA survives](trust.md) is a page of its own.
"""


def main() -> int:
    names = [info.name for info in pkgutil.iter_modules(benchmarks.__path__) if not info.name.startswith("_")]
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names)}; default: all")
    parser.add_argument("--write", action="store_true", help="write docs/figures.md")
    options = parser.parse_args()
    chosen = options.names or names
    if unknown := sorted(set(chosen) - set(names)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(names)}")
    lines = [_measured(name) for name in chosen]
    if options.write:
        write_page(record(LINES, lines, key=lambda line: (line["benchmark"],)))
    return 0 if all(line["holds"] for line in lines) else 1


def write_page(lines: Iterable[Line]) -> None:
    """Make the page from all lines."""
    PAGE.write_text(HEAD + "".join(map(_section, lines)), encoding="utf-8", newline="\n")


def _measured(name: str) -> dict[str, Any]:
    line = {"benchmark": name, **importlib.import_module(f"tests.benchmarks.{name}").measure(), "machine": machine()}
    print(json.dumps(line), flush=True)
    return line


def _section(line: Line) -> str:
    subject = (importlib.import_module(f"tests.benchmarks.{line['benchmark']}").__doc__ or "").strip()
    figures = {name: value for name, value in line.items() if name != "benchmark"}
    return f"\n## {line['benchmark']}\n\n{subject}\n\n{table(figures)}"


if __name__ == "__main__":
    sys.exit(main())
