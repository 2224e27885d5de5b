"""Command line of the sample corpus: ``python -m admin.sample_corpus FOLDER``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from admin.sample_corpus.generator import (
    DEFAULT_DOCUMENTS,
    DEFAULT_SEED,
    write_sample_corpus,
)


def build_parser() -> argparse.ArgumentParser:
    """Declares the folder and the two numbers that decide what is written."""
    parser = argparse.ArgumentParser(
        prog="python -m admin.sample_corpus",
        description="Write original German administrative texts of fictional municipalities.",
    )
    parser.add_argument("folder", type=Path, help="where to write; created if missing")
    parser.add_argument("--documents", type=int, default=DEFAULT_DOCUMENTS, metavar="N")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, metavar="N")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the corpus and prints how many files and bytes it has."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.documents < 1:
        parser.error(f"--documents must be at least 1, got {arguments.documents}")
    paths = write_sample_corpus(arguments.folder, documents=arguments.documents, seed=arguments.seed)
    size_bytes = sum(path.stat().st_size for path in paths)
    print(f"{len(paths)} files, {size_bytes} bytes in {arguments.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
