"""`clara model …`: base models made on this machine."""

from typing import Annotated

import typer

from frontend.cli import formats
from frontend.cli.command import command
from frontend.cli.session import Session
from frontend.cli.texts import text

model = typer.Typer(no_args_is_help=True, help="Make and look at base models on this machine.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(model, name="model")


@command(
    model,
    "create-starter",
    examples=("clara model create-starter", "clara model create-starter --name law-small --steps 2000 --seed 7"),
)
def create_starter(
    session: Session,
    name: Annotated[str, typer.Option("--name", help="Folder below the models folder.")] = "starter",
    source: Annotated[str | None, typer.Option("--source", help="Learn only from this collection.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Same seed, same model.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Optimizer steps of the pretraining.")] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", min=1, help="End the pretraining after this many seconds.")
    ] = None,
) -> None:
    """Make a small base model from the ingested documents, where nothing can be downloaded.

    A few million parameters, trained in minutes on two cores: enough to see the whole way work, no replacement for a
    real base model. Needs the trainer packages on this machine.
    """
    from frontend.cli.starter_process import run_starter
    from shared.storage import confined

    options = {
        "--target": confined(session.settings.models_dir, name),
        "--source": source,
        "--seed": seed,
        "--steps": steps,
        "--time-limit-s": time_limit,
    }
    result = run_starter(session, [f"{flag}={value}" for flag, value in options.items() if value is not None])
    figures = {key: formats.number(result.get(key)) for key in ("parameters", "trained_tokens", "loss")}
    path, time = result.get("path", name), formats.duration(float(result.get("elapsed_s") or 0))
    session.answer(result, lambda: text("starter.done", path=path, time=time, **figures))
    session.say(text("starter.next", name=name))
