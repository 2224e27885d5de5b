"""`python -m backend.datasets.upkeep`: looks after the search stores; progress and result as JSON lines on stdout."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from backend.common.json_lines import tell
from backend.common.told_task import run_told_process
from backend.datasets.search_stores import fed_store_names, open_client
from backend.datasets.upkeep.tasks import rebuild_stores, reconcile_stores, stores_status


def main(argv: Sequence[str]) -> int:
    """Do one task.

    Args:
        argv: Command-line arguments without the program name.

    Returns:
        0, or 2 if it could not be done for a reason that the last line names.
    """
    arguments = _parser().parse_args(argv)
    return run_told_process(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    from config import get_config
    from shared.database.stores import open_stores

    config = get_config()
    stores = open_stores(config.database_url_resolved, derived_stores=fed_store_names(config))
    try:
        client = open_client(config, stores.documents)
        try:
            if arguments.task == "status":
                return stores_status(client, stores.documents)
            if arguments.task == "rebuild":
                return rebuild_stores(client, stores.documents, arguments.stores, _progress)
            return reconcile_stores(client, arguments.stores, should_repair=arguments.repair, on_progress=_progress)
        finally:
            client.close()
    finally:
        stores.close()


def _progress(stage: str, step: int, total: int) -> None:
    tell("progress", stage=stage, step=step, total_steps=total)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend.datasets.upkeep", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    tasks.add_parser("status", help="how every store is")
    rebuild = tasks.add_parser("rebuild", help="fill stores anew from the registered documents")
    rebuild.add_argument("stores", nargs="*", help="names; none: all that are fed")
    reconcile = tasks.add_parser("reconcile", help="compare stores with the registered documents")
    reconcile.add_argument("stores", nargs="*", help="names; none: all that are fed")
    reconcile.add_argument("--repair", action="store_true", help="put every difference right")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
