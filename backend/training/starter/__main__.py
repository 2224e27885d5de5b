"""`python -m backend.training.starter`: a starter model from the document store, progress as JSON lines on stdout."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.common.json_lines import tell
from backend.common.told_task import run_told
from backend.training.starter.create import create_starter
from backend.training.starter.options import StarterOptions, StarterProgress, StarterSummary
from backend.training.starter.section_texts import SPLIT_SEED, keeper, section_texts


def main(argv: Sequence[str]) -> int:
    """Make the model; the last line is `{"event": "done", …}` or `{"event": "error", …}`.

    Args:
        argv: Arguments without the program's name.

    Returns:
        0, or 2 if the model could not be made for a reason that the last line names.
    """
    arguments = _parser().parse_args(argv)
    # decided before the libraries are first imported
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # threads that wait must not spin: beside one other busy process that makes two threads ten times slower
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return run_told(lambda: _created(arguments))


def _created(arguments: argparse.Namespace) -> dict[str, Any]:
    summary = _create(arguments)
    return {**asdict(summary), "path": str(summary.path)}


def _create(arguments: argparse.Namespace) -> StarterSummary:
    from config import get_config
    from shared.database.stores import open_stores

    # from the settings, not from an argument: other users of the machine can read a process's arguments
    documents = open_stores(get_config().database_url_resolved).documents
    keep = keeper(share=arguments.share, seed=arguments.split_seed)
    options = StarterOptions(
        seed=arguments.seed,
        steps=arguments.steps,
        threads=arguments.threads,
        time_limit_s=arguments.time_limit_s,
    )
    return create_starter(
        lambda: section_texts(documents.iter_sections(source=arguments.source), keep),
        arguments.target,
        options,
        _tell_progress,
    )


def _tell_progress(progress: StarterProgress) -> None:
    tell("progress", **asdict(progress))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend.training.starter", description=__doc__)
    parser.add_argument("--target", type=Path, required=True, help="folder of the model; must not exist")
    parser.add_argument("--source", help="only documents of this source")
    parser.add_argument("--seed", type=int, default=StarterOptions().seed)
    parser.add_argument("--split-seed", type=int, default=SPLIT_SEED, help="seed of the dataset split")
    parser.add_argument("--share", type=float, default=0.5, help="share of the train documents that the model sees")
    parser.add_argument("--steps", type=int, default=StarterOptions().steps, help="step budget")
    parser.add_argument("--time-limit-s", type=float, help="end pretraining after this time")
    parser.add_argument("--threads", type=int, default=StarterOptions().threads)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
