"""Measured figures as they enter the docs: one JSON line per measurement in a file, and a page made from the lines.

The file is the memory: measuring one thing again replaces its line and leaves the others.
"""

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"

Line = Mapping[str, Any]


def record(file: Path, fresh: Iterable[Line], *, key: Callable[[Line], tuple[str, ...]]) -> list[Line]:
    """Replace the lines that were measured again; returns all of them in the order of their keys."""
    known = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    merged = {key(line): line for line in [*known, *fresh]}
    lines = [merged[name] for name in sorted(merged)]
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    file.write_text(text, encoding="utf-8", newline="\n")
    return lines


def machine() -> str:
    """The machine in words, for a line's `machine`."""
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def table(figures: Mapping[str, Any]) -> str:
    """Figures as a Markdown table, nested ones with their path."""
    rows = "".join(f"| {name} | {value} |\n" for name, value in _flat(figures))
    return f"| figure | value |\n|---|---|\n{rows}"


def between(text: str, mark: str, content: str) -> str:
    """`text` with what stands between `<!-- mark -->` and `<!-- /mark -->` replaced.

    Raises:
        ValueError: If the marks are not there.
    """
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the text has no {start} … {end}")
    return f"{before}{start}{content}{end}{after}"


def _flat(figures: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        rows += _flat(value, f"{prefix}{name} ") if isinstance(value, Mapping) else [(f"{prefix}{name}", value)]
    return rows
