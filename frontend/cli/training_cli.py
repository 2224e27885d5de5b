"""`clara train` and `clara adapters …`."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.overrides import parse_override, read_config, with_override
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text

adapters = typer.Typer(no_args_is_help=True, help="Look at the trained adapters.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(
        app,
        "train",
        examples=(
            "clara train --dataset ds_1hq7x0a2b3c4d5e6f --watch",
            "clara train --config lora.yaml --set lora.r=16 --set training.learning_rate=1e-4",
            "clara train                        # newest dataset, default base model",
        ),
    )(train)
    app.add_typer(adapters, name="adapters")


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
    trainer: Annotated[str, typer.Option("--trainer", help="lora, qlora, continuous …")] = "lora",
    name: Annotated[str | None, typer.Option("--name", help="Name of the job.")] = None,
    priority: Annotated[int, typer.Option("--priority", min=1, max=5, help="5 is served first.")] = 1,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Label; may be repeated.")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the training to its end.")] = False,
) -> None:
    """Train an adapter. Without a dataset or a base model the server takes its defaults and says which."""
    from frontend.cli.jobs_cli import follow_job

    order: dict[str, Any] = read_config(config) if config is not None else {}
    if base_model is not None:
        order = with_override(order, "model.base_model", base_model)
    for assignment in overrides or ():
        order = with_override(order, *parse_override(assignment))
    with session.client() as client:
        submitted = client.jobs.submit(
            trainer_type=trainer,
            config=order,
            job_name=name,
            dataset_id=dataset,
            priority=priority,
            tags=tag or (),
        )
        session.say(text("job.accepted", job_id=submitted.job_id), submitted.message)
        if watch:
            follow_job(session, client, submitted.job_id)
            return
    session.answer(submitted.as_json(), lambda: submitted.job_id)
    session.say(text("job.follow", job_id=submitted.job_id))


@command(adapters, "list", examples=("clara adapters list", "clara adapters list --json"))
def list_adapters(session: Session, limit: Limit = 50) -> None:
    """List adapters, newest first."""
    with session.client() as client:
        page = client.adapters.page(limit=min(limit, 200))
        shown = list(islice(client.adapters.iterate(page_size=min(limit, 200)), limit))
    rows = [
        (a.adapter_id, a.name, a.trainer_type, a.base_model, _perplexities(a.metrics), formats.ago(a.created_at))
        for a in shown
    ]
    columns = ("Id", "Name", "Trainer", "Base model", ">Perplexity", "Created")
    session.answer(
        {"adapters": [a.as_json() for a in shown], "total_count": page.total_count},
        lambda: table(columns, rows) if rows else text("list.empty", hint=text("adapters.none")),
    )


@command(adapters, "show", examples=("clara adapters show adp_1hq7x0a2b3c4d5e6f",))
def show_adapter(
    session: Session, adapter_id: Annotated[str, typer.Argument(help="Id as shown by `clara adapters list`.")]
) -> None:
    """Show one adapter: what it was trained from, where it lies, how good it is."""
    with session.client() as client:
        adapter = client.adapters.get(adapter_id)
    pairs = [
        ("Id", adapter.adapter_id),
        ("Name", adapter.name),
        ("Job", adapter.job_id),
        ("Trainer", adapter.trainer_type),
        ("Base model", adapter.base_model),
        ("Dataset", adapter.dataset_id or ""),
        ("Folder", adapter.path),
        ("Created", f"{formats.moment(adapter.created_at)} {adapter.created_by}".strip()),
        *formats.figures(adapter.metrics),
    ]
    session.answer(adapter.as_json(), lambda: facts(pairs))


def _perplexities(metrics: Mapping[str, Any]) -> str:
    held_out = metrics.get("held_out") or {}
    before, after = held_out.get("base_perplexity"), held_out.get("adapter_perplexity")
    return f"{formats.number(before, 1)} → {formats.number(after, 1)}" if before and after else ""
