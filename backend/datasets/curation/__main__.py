"""`python -m backend.datasets.curation`: quality of all that is registered; progress and result as JSON lines."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.common.json_lines import tell
from backend.common.told_task import run_told_process
from backend.datasets.curation import tasks
from backend.datasets.curation.calibration import HARD, SOFT, Quantiles
from backend.datasets.curation.executors import Executor, ProcessExecutor, SerialExecutor
from backend.datasets.curation.explaining import explain_document
from backend.datasets.curation.measuring import Measurer, measuring_key
from backend.datasets.curation.run import Curation
from backend.datasets.curation.signal_files import SignalFiles
from backend.datasets.quality.learnt import fluency_filter_of, model_file, quality_folder
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import Profile, profile_of

if TYPE_CHECKING:
    from config import BaseConfig
    from shared.database.stores import Stores


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

    config = get_config()
    profile = profile_of(arguments.profile or config.quality_profile)
    if arguments.task == "profile":
        # a signal that nobody measures is found by whoever measures
        return tasks.show_profile(QualityPipeline(profile).profile)
    with ExitStack() as opened:
        return _with_stores(arguments, config, profile, opened)


def _with_stores(
    arguments: argparse.Namespace, config: "BaseConfig", profile: Profile, opened: ExitStack
) -> dict[str, Any]:
    from shared.database.stores import open_stores

    stores = open_stores(config.database_url_resolved)
    opened.callback(stores.close)
    model = model_file(config.data_dir)
    # what the model learns from must not depend on the model before it
    fluency = None if arguments.task == "learn" else fluency_filter_of(model)
    pipeline = QualityPipeline(profile, fluency=fluency)
    if arguments.task == "explain":
        return explain_document(arguments.document_id, stores.documents, stores.reviews, pipeline)
    curation = Curation(
        stores.documents,
        stores.reviews,
        quality_folder(config.data_dir),
        pipeline,
        lambda files: _executor(arguments, config, stores, pipeline, files),
    )
    if arguments.task == "learn":
        return tasks.learn(curation, profile, model, _progress)
    if arguments.task == "preview":
        return tasks.preview(curation, stores.documents, pipeline.profile, _progress)
    if arguments.task == "calibrate":
        quantiles = Quantiles(arguments.soft, arguments.hard)
        return tasks.calibrate(curation, profile, quantiles, arguments.out, _progress)
    return tasks.run(curation, stores.documents, pipeline.profile, _progress)


def _executor(
    arguments: argparse.Namespace,
    config: "BaseConfig",
    stores: "Stores",
    pipeline: QualityPipeline,
    files: SignalFiles,
) -> Executor:
    workers = config.quality_workers or os.cpu_count() or 1
    if workers == 1 and config.quality_executor == "local":
        return SerialExecutor(Measurer(stores.documents, pipeline).measured, files)
    order = {
        "database_url": config.database_url_resolved,
        "profile": arguments.profile or config.quality_profile,
        "measuring_key": measuring_key(pipeline),
        "fluency": str(model_file(config.data_dir)) if arguments.task != "learn" else "",
    }
    if config.quality_executor == "ray":
        from backend.datasets.curation.ray_executor import RayExecutor

        return RayExecutor(config.quality_ray_address, order, files)
    return ProcessExecutor(workers, order, files)


def _progress(stage: str, step: int, total: int) -> None:
    tell("progress", stage=stage, step=step, total_steps=total)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend.datasets.curation", description=__doc__)
    all_tasks = parser.add_subparsers(dest="task", required=True)
    for name, told in (
        ("profile", "everything that a profile says"),
        ("preview", "what a profile would do to all registered sections"),
        ("run", "measure and judge all registered sections and bring the review list up to date"),
        ("calibrate", "write a profile with limits from the registered sections"),
        ("learn", "train the fluency model on the accepted sections"),
        ("explain", "why quality thinks what it thinks of a document"),
    ):
        task = all_tasks.add_parser(name, help=told)
        task.add_argument("--profile", default="", help="a built-in profile or a .yaml file; default: of the settings")
        if name == "calibrate":
            task.add_argument("--out", type=Path, required=True, help="file of the new profile")
            task.add_argument("--soft", type=float, default=SOFT, help="share of texts that a limit costs nothing")
            task.add_argument("--hard", type=float, default=HARD, help="share of texts that it does not reject")
        if name == "explain":
            task.add_argument("document_id")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
