"""A page of the docs that is made of the code: write it, or say that it is out of date."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def write_or_check(page: Path, render: Callable[[], str], *, description: str, argv: Sequence[str] | None) -> int:
    """What the command line of such a page does.

    Args:
        page: Where it lies.
        render: Makes the whole of it.
        description: For `--help`, its first line.
        argv: Arguments; None: those of the process.

    Returns:
        Exit code: 1 if it was only checked and is out of date.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is out of date")
    options = parser.parse_args(argv)
    rendered = render()
    if options.check:
        is_current = page.is_file() and page.read_text(encoding="utf-8") == rendered
        if not is_current:
            print(f"{page} is out of date; run `make docs`.", file=sys.stderr)
        return 0 if is_current else 1
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(rendered, encoding="utf-8", newline="\n")
    return 0
