"""`python -m backend.training.merging`: merge an adapter on this machine, progress as JSON lines on stdout."""

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from backend.common.json_lines import tell
from backend.common.told_task import leave_on_sigterm, run_told
from backend.training.folders import TrainingFolders
from backend.training.merging.merge import merge_adapter
from backend.training.merging.options import MergeDtype, MergeProgress, MergeSummary
from backend.training.utils.quiet_libraries import quieten_libraries
from shared.models.events import AuditEntry


def main(argv: Sequence[str]) -> int:
    """Merge; the last line is `{"event": "done", …}` or `{"event": "error", …}`.

    Args:
        argv: Arguments without the program's name.

    Returns:
        0, or 2 if nothing was merged for a reason that the last line names.
    """
    arguments = _parser().parse_args(argv)
    quieten_libraries()
    leave_on_sigterm()
    return run_told(lambda: _merged(arguments))


def _merged(arguments: argparse.Namespace) -> dict[str, Any]:
    summary = _merge(arguments)
    return {**asdict(summary), "path": str(summary.path)}


def _merge(arguments: argparse.Namespace) -> MergeSummary:
    from config import get_config

    # from the settings, not from arguments: other users of the machine can read a process's arguments
    config = get_config()
    if config.hub_offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    folders = TrainingFolders(
        data=config.data_dir,
        models=config.models_dir,
        configs=config.configs_dir,
        logs=config.logs_dir,
        base_model_roots=tuple(config.base_model_roots),
    )
    from backend.training.utils.base_model import locate_base_model
    from shared.database.stores import open_stores

    stores = open_stores(config.database_url_resolved)
    target = folders.new_model(arguments.output)
    adapter = stores.adapters.get(arguments.adapter_id)
    reference = folders.base_model(adapter.base_model, is_offline=config.hub_offline)
    folder = locate_base_model(reference, is_offline=config.hub_offline)
    summary = merge_adapter(
        adapter,
        folder,
        target,
        MergeDtype(arguments.dtype),
        _tell_progress,
        threads=arguments.threads or os.cpu_count() or 1,
    )
    stores.audit.append(_audit(summary))
    stores.close()
    return summary


def _audit(summary: MergeSummary) -> AuditEntry:
    detail = {"path": str(summary.path), "manifest_sha256": summary.manifest_sha256, "dtype": summary.dtype.value}
    actor = f"{getpass.getuser()} (command line)"
    return AuditEntry("adapter.merged", "adapter", summary.adapter_id, actor=actor, detail=detail)


def _tell_progress(progress: MergeProgress) -> None:
    tell("progress", **asdict(progress))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend.training.merging", description=__doc__)
    parser.add_argument("--adapter-id", required=True)
    parser.add_argument("--output", required=True, help="name of the new folder below the models folder")
    parser.add_argument("--dtype", choices=list(MergeDtype), default=MergeDtype.BFLOAT16)
    parser.add_argument("--threads", type=int, help="CPU threads; default: all")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
