"""Run benchmarks, one JSON line each: `python -m tests.benchmarks [NAME …]`; exit code 1 if a figure is missed."""

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests import benchmarks

PAGE = Path(__file__).parents[2] / "docs" / "figures.md"
HEAD = """# Measured figures

Written by `make figures` (`python -m tests.benchmarks --write`). Absolute figures belong to the machine named below;
ratios were measured side by side in the same run.

"""


def main() -> int:
    names = [info.name for info in pkgutil.iter_modules(benchmarks.__path__) if not info.name.startswith("_")]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names)}; default: all")
    parser.add_argument("--write", action="store_true", help="write docs/figures.md")
    options = parser.parse_args()
    chosen = options.names or names
    if unknown := sorted(set(chosen) - set(names)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(names)}")
    found: dict[str, Mapping[str, Any]] = {}
    for name in chosen:
        found[name] = importlib.import_module(f"tests.benchmarks.{name}").measure()
        print(json.dumps({"benchmark": name, **found[name]}), flush=True)
    if options.write:
        PAGE.write_text(HEAD + _machine() + "".join(map(_section, found.items())), encoding="utf-8")
    return 0 if all(figures["holds"] for figures in found.values()) else 1


def _machine() -> str:
    return f"Machine: {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}.\n"


def _section(item: tuple[str, Mapping[str, Any]]) -> str:
    name, figures = item
    subject = (importlib.import_module(f"tests.benchmarks.{name}").__doc__ or "").strip()
    rows = "".join(f"| {key} | {value} |\n" for key, value in _flat(figures))
    return f"\n## {name}\n\n{subject}\n\n| figure | value |\n|---|---|\n{rows}"


def _flat(figures: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in figures.items():
        rows += _flat(value, f"{prefix}{key} ") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return rows


if __name__ == "__main__":
    sys.exit(main())
