"""Run benchmarks, one JSON line each: `python -m tests.benchmarks [NAME …]`; exit code 1 if a figure is missed.

With --write the lines are kept in docs/figures/benchmarks.jsonl; docs/figures.md and the README's figures are made anew
from all of them.
"""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests import benchmarks
from tests.support.figures import DOCS, Line, between, machine, record, table

LINES = DOCS / "figures" / "benchmarks.jsonl"
PAGE = DOCS / "figures.md"
README = DOCS.parent / "README.md"
MARK = "speed figures"
_PEERS = {
    "bare_loop": "a bare PyTorch loop",
    "trl_float32": "`trl.SFTTrainer` in float32 (by default it trains in bfloat16, which is slower still on this CPU)",
    "llama_factory": "LLaMA-Factory",
}
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


def write_page(lines: Sequence[Line]) -> None:
    """Make the page and the README's figures from all lines."""
    PAGE.write_text(HEAD + "".join(map(_section, lines)), encoding="utf-8", newline="\n")
    readme = between(README.read_text(encoding="utf-8"), MARK, _summary({line["benchmark"]: line for line in lines}))
    README.write_text(readme, encoding="utf-8", newline="\n")


def _summary(lines: Mapping[str, Line]) -> str:
    ratios = lines["training_speed"]["ratios"]
    first = lines["first_step"]["warm_fresh_records"]["all_in_s"]
    others = ", ".join(f"{ratios[name]['median']:.1f} times as fast as {label}" for name, label in _PEERS.items())
    return (
        f"{others}. Two processes train {lines['several_processes']['ratio']['median']:.1f} times as fast as one, and "
        f"from the submission of a job to its first step it takes {first:.1f} s where a warm trainer is kept"
    )


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
