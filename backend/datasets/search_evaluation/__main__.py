"""`python -m backend.datasets.search_evaluation`: measures the search, progress and figures as JSON lines on stdout."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.common.json_lines import tell
from backend.common.told_task import run_told_process
from backend.datasets.search_evaluation.options import DEFAULT_SEED, EvaluationOptions, EvaluationProgress
from backend.datasets.search_evaluation.run import Order, run_evaluation
from backend.datasets.search_evaluation.subjects import corpus_of, documents_opener, opener_of
from shared.errors import InvalidInput
from shared.models.search import RankedList, SearchLeg


class InvalidOrder(InvalidInput):
    """An argument cannot be right."""

    code = "invalid_evaluation_order"


def main(argv: Sequence[str]) -> int:
    """Evaluate; the last line is `{"event": "done", …}` or `{"event": "error", …}`.

    Args:
        argv: Arguments without the program's name.

    Returns:
        0, or 2 if it could not be done for a reason that the last line names.
    """
    arguments = _parser().parse_args(argv)
    return run_told_process(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    from config import get_config

    config, order = get_config(), _order(arguments)
    with ExitStack() as opened:
        open_documents = documents_opener(config, opened)
        open_searcher = opener_of(arguments.store, arguments.laws, order, config, open_documents, opened)
        return run_evaluation(order, corpus_of(arguments.laws, open_documents), open_searcher, _tell_progress)


def _order(arguments: argparse.Namespace) -> Order:
    options = EvaluationOptions(
        legs=tuple(SearchLeg(leg) for leg in arguments.leg or SearchLeg),
        weights=_weights(arguments.weights),
        limit=arguments.limit,
        seed=arguments.seed,
        has_ablation=not arguments.no_ablation,
    )
    return Order(arguments.what, options, arguments.out, arguments.compare)


def _weights(written: str) -> dict[RankedList, float]:
    """`keyword=1,vector=0.5` as weights.

    Raises:
        InvalidOrder: Naming the part that is not one.
    """
    weights: dict[RankedList, float] = {}
    for part in filter(None, written.split(",")):
        name, _, value = part.partition("=")
        try:
            weight = float(value)
            weights[RankedList(name.strip())] = weight
        except ValueError as exc:
            raise InvalidOrder(
                f"{part!r} is no weight; expected is LIST=NUMBER with one of the lists {', '.join(RankedList)}."
            ) from exc
        if not 0 <= weight < float("inf"):
            raise InvalidOrder(f"The weight {part!r} is out of range; weights are 0 or more.")
    return weights


def _tell_progress(progress: EvaluationProgress) -> None:
    tell("progress", **asdict(progress))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend.datasets.search_evaluation", description=__doc__)
    parser.add_argument("what", nargs="*", help="built-in sets, SQuAD-shaped files, BEIR-shaped folders")
    parser.add_argument("--laws", type=Path, help="folder or tar of Markdown laws; default: the registered documents")
    parser.add_argument("--store", choices=("embedded", "configured"), default="embedded")
    parser.add_argument("--leg", action="append", choices=[str(leg) for leg in SearchLeg])
    parser.add_argument("--weights", default="", help="weights per list, such as keyword=1,vector=0.5")
    parser.add_argument("--limit", type=int, default=0, help="most queries per set; 0: all")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--no-ablation", action="store_true", help="only all lists together")
    parser.add_argument("--out", type=Path, help="folder for figures, answers, queries and picture")
    parser.add_argument("--compare", type=Path, help="figures.json of an earlier run")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
