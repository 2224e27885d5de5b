"""`python -m admin.quickstart`: documents become a dataset, the dataset an adapter that beats its base model.

Every step is a `clara` command that is printed before it runs, so that it can be repeated by hand.
"""

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from admin.quickstart.workspace import (
    CLARA,
    ROOT,
    STATE,
    Services,
    ServicesDidNotStart,
    Workspace,
    all_workspaces,
    open_client,
)
from frontend.client.services import DATASETS, TRAINING

TRAINING_CONFIG = Path(__file__).with_name("training.yaml")
DATASET_NAME = "quickstart"
# of the starter's pretraining and of the training, with --brief
BRIEF_STEPS = 120


def main(argv: list[str] | None = None) -> int:
    """Run all steps, or stop what an earlier run left running."""
    options = _parser().parse_args(argv)
    if options.stop:
        return _stop_all(options.state)
    workspace = Workspace.for_corpus(options.corpus, state=options.state)
    if options.corpus is not None and not workspace.corpus.exists():
        print(f"There is no folder {workspace.corpus}.", file=sys.stderr)
        return 2
    services = Services(workspace)
    started = time.monotonic()
    try:
        code = _run(workspace, services, started, is_brief=options.brief)
    except ServicesDidNotStart as error:
        print(f"\nThe services did not start:\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        services.stop()
        return 130
    if options.stop_after or code:
        services.stop()
    _say(f"Done in {(time.monotonic() - started) / 60:.1f} minutes." if not code else "The quick start failed.")
    if not code and not options.stop_after:
        print("The services go on running; stop them with: make quickstart-stop")
    return code


def _run(workspace: Workspace, services: Services, started: float, *, is_brief: bool) -> int:
    if workspace.corpus.is_relative_to(workspace.home):
        from admin.sample_corpus import write_sample_corpus

        _say("Sample corpus: statutes and instructions of towns that do not exist, written anew on this machine")
        files = write_sample_corpus(workspace.corpus)
        print(f"{len(files)} files in {workspace.corpus}")
    _say("Services")
    services.start()
    with open_client() as client:
        print(f"training {client.url(TRAINING)}/docs\ndatasets {client.url(DATASETS)}/docs")
    fewer = ["--steps", str(BRIEF_STEPS)] if is_brief else []
    steps = [
        ("Read the documents", ["ingest", str(workspace.corpus), "--source", "quickstart"]),
        ("Dataset: every section of good quality, split by document", _dataset_command()),
    ]
    if not (workspace.home / "models" / "starter" / "config.json").is_file():
        starter = ["model", "create-starter", "--source", "quickstart", *fewer]
        steps.append(("Base model: a small one, made from a part of the training documents", starter))
    train = ["train", "--config", str(TRAINING_CONFIG), "--name", "quick start", "--watch", *fewer]
    steps.append(("Adapter", train))
    for title, arguments in steps:
        if code := _clara(workspace, title, arguments):
            return code
    return _show_result(workspace, started)


def _dataset_command() -> list[str]:
    formats = [part for name in ("jsonl", "parquet", "csv") for part in ("--format", name)]
    return ["datasets", "create", DATASET_NAME, "--query", "*", "--top-k", "100000", "--source", "quickstart", *formats]


def _show_result(workspace: Workspace, started: float) -> int:
    with open_client() as client:
        job = client.jobs.page(limit=1).jobs[0]
        dataset = client.datasets.get(str(job.dataset_id))
        report = client.jobs.report(job.job_id)
        png = client.jobs.loss_curve(job.job_id, workspace.home / "loss_curve.png")
    code = _clara(
        workspace, "What the adapter learned, on text that neither model has seen", ["jobs", "report", job.job_id]
    )
    _say("Everything made")
    for name, path in {
        "documents": workspace.corpus,
        **{f"dataset {kind}": path for kind, path in dataset.export_paths.items()},
        "base model": workspace.home / "models" / "starter",
        "adapter": report["paths"]["adapter"],
        "loss curve": png,
        "database": workspace.home / "clara.db",
    }.items():
        print(f"{name:<16} {path}")
    return code or _verdict(workspace, report, minutes=(time.monotonic() - started) / 60)


def _verdict(workspace: Workspace, report: Mapping[str, Any], *, minutes: float) -> int:
    base, adapter = report["perplexity_base"], report["perplexity_adapter"]
    result = {
        "perplexity_base": round(base, 2),
        "perplexity_adapter": round(adapter, 2),
        "ratio": round(adapter / base, 3),
        "held_out_tokens": report["held_out"]["tokens"],
        "steps": report["steps"],
        "minutes": round(minutes, 1),
        "job_id": report["job_id"],
    }
    (workspace.home / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\nPerplexity on unseen sections: base {base:.1f}, adapter {adapter:.1f}, ratio {adapter / base:.2f}")
    if adapter < base:
        return 0
    print("The adapter does not beat its base model.", file=sys.stderr)
    return 1


def _clara(workspace: Workspace, title: str, arguments: list[str]) -> int:
    _say(title)
    print(f"$ clara {shlex.join(arguments)}", flush=True)
    return subprocess.run([*CLARA, *arguments], check=False, cwd=ROOT, env=workspace.environment).returncode


def _stop_all(state: Path) -> int:
    stopped = [workspace for workspace in all_workspaces(state) if Services(workspace).stop()]
    print(f"Stopped {len(stopped)} quick start(s)." if stopped else "No quick start is running.")
    return 0


def _say(title: str) -> None:
    print(f"\n=== {title}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m admin.quickstart", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, help="your own folder of documents instead of the shipped sample")
    parser.add_argument("--brief", action="store_true", help="few steps: the whole way in a minute, a poor model")
    parser.add_argument("--stop-after", action="store_true", help="stop the services at the end")
    parser.add_argument("--stop", action="store_true", help="only stop the services of earlier quick starts")
    parser.add_argument("--state", type=Path, default=STATE, help="where all state lies; default: .quickstart")
    return parser


if __name__ == "__main__":
    sys.exit(main())
