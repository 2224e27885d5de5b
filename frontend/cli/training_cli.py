"""`clara train`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from frontend.cli.command import IdempotencyKey, WaitForRoom, command
from frontend.cli.failure import ExitCode
from frontend.cli.overrides import parse_override, read_config, with_override
from frontend.cli.session import Session
from frontend.cli.texts import text
from shared.models.job import TrainerType


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(
        app,
        "train",
        examples=(
            "clara train --dataset ds_1hq7x0a2b3c4d5e6f --watch",
            "clara train --config lora.yaml --set lora.r=16 --set training.learning_rate=1e-4",
            "clara train                        # newest dataset, default base model",
            "clara train --trainer probe --steps 20 --watch    # try the installation out, in seconds",
            "clara train --dataset ds_1hq7x0a2b3c4d5e6f --dry-run    # what is in it, what it will take",
            "clara train --idempotency-key nightly-2026-03-01 --wait-for-room 600",
        ),
    )(train)


def train(
    session: Session,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Training config (YAML or JSON).", exists=True, dir_okay=False)
    ] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Id of a completed dataset.")] = None,
    base_model: Annotated[
        str | None, typer.Option("--base-model", help="Local folder, name of a local model, or hub name.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="SECTION.KEY=VALUE over the config; may be repeated.")
    ] = None,
    trainer: Annotated[
        str,
        typer.Option("--trainer", help="lora, qlora, continuous …; probe tries the installation out without a model."),
    ] = "lora",
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Stop after so many optimizer steps.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the job.")] = None,
    priority: Annotated[int, typer.Option("--priority", min=1, max=5, help="5 is served first.")] = 1,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Label; may be repeated.")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the training to its end.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Look at the records and estimate memory and time; order nothing."),
    ] = False,
    idempotency_key: IdempotencyKey = None,
    wait_for_room: WaitForRoom = 0.0,
) -> None:
    """Train an adapter. Without a dataset or a base model the server takes its defaults and says which.

    With --dry-run nothing is ordered, and the exit code is 2 if the job would fail. With --watch the exit code is 0 if
    the job completed and 1 if it failed or was cancelled.
    """
    from frontend.cli.jobs_cli import follow_job

    order: dict[str, Any] = read_config(config) if config is not None else {}
    if base_model is not None:
        order = with_override(order, "model.base_model", base_model)
    if steps is not None:
        order = with_override(order, "probe.steps" if trainer == TrainerType.PROBE else "training.max_steps", steps)
    for assignment in overrides or ():
        order = with_override(order, *parse_override(assignment))
    if dry_run:
        _tell_dry_run(session, trainer=trainer, order=order, dataset=dataset)
        return
    with session.client() as client:
        submitted = client.jobs.submit(
            trainer_type=trainer,
            config=order,
            job_name=name,
            dataset_id=dataset,
            priority=priority,
            tags=tag or (),
            idempotency_key=idempotency_key,
            wait_for_room_s=wait_for_room,
        )
        session.say(text("job.accepted", job_id=submitted.job_id), submitted.message)
        if watch:
            follow_job(session, client, submitted.job_id)
            return
    session.answer(submitted.as_json(), lambda: submitted.job_id)
    session.say(text("job.follow", job_id=submitted.job_id))


def _tell_dry_run(session: Session, *, trainer: str, order: dict[str, Any], dataset: str | None) -> None:
    from frontend.cli.preflight import draw_preflight

    with session.client() as client:
        found = client.jobs.dry_run(trainer_type=trainer, config=order, dataset_id=dataset)
    session.answer(found.as_json(), lambda: draw_preflight(found.preflight))
    if found.is_accepted:
        session.say(text("preflight.fine"))
        return
    session.say(text("preflight.bad", n=found.preflight["problems"]["count"]))
    raise typer.Exit(ExitCode.BAD_INPUT)
