"""`clara model …`: base models made on this machine."""

from typing import Annotated

import typer

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

    options = {"--name": name, "--seed": seed, "--steps": steps, "--time-limit": time_limit}
    result = run_starter(session, [f"{flag}={value}" for flag, value in options.items() if value is not None])
    session.answer(result, lambda: text("starter.done", path=result.get("path", name)))
    session.say(text("starter.next", name=name))
