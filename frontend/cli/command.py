"""Register commands: each gets the shared options, a session, examples in its help, and errors that read well."""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from frontend.cli.failure import exit_code, show_error
from frontend.cli.session import Session, SharedOptions
from shared.errors import ClaraError

P = ParamSpec("P")

EXAMPLE_JOB = "job_1hq7x0a2b3c4d5e6f"
JobId = Annotated[str, typer.Argument(help="Id as shown by `clara jobs list`.")]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="KEY",
        help="Your name for this order: the same key again answers with the same job, also after a restart. "
        "Without one clara takes a fresh key and repeats by itself when an answer is lost.",
    ),
]
WaitForRoom = Annotated[
    float,
    typer.Option(
        "--wait-for-room", min=0, metavar="SECONDS", help="If the queue is full, try again for so long; else give up."
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Show at most this many.")]

_PANEL = "Output and connection"
JsonOption = Annotated[
    bool, typer.Option("--json", help="Answer in JSON (streams: one object per line).", rich_help_panel=_PANEL)
]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Show the trace of an error.", rich_help_panel=_PANEL)]
TokenOption = Annotated[
    str | None, typer.Option("--token", help="Bearer token, else CLARA_TOKEN.", rich_help_panel=_PANEL)
]
TrainingUrlOption = Annotated[
    str | None,
    typer.Option("--training-url", help="Training service, else CLARA_TRAINING_URL.", rich_help_panel=_PANEL),
]
DatasetUrlOption = Annotated[
    str | None,
    typer.Option("--dataset-url", help="Dataset service, else CLARA_DATASET_URL.", rich_help_panel=_PANEL),
]

_SHARED: dict[str, tuple[Any, Any]] = {
    "as_json": (JsonOption, False),
    "verbose": (VerboseOption, False),
    "token": (TokenOption, None),
    "training_url": (TrainingUrlOption, None),
    "dataset_url": (DatasetUrlOption, None),
}


def command(
    app: typer.Typer, name: str, *, examples: Sequence[str] = (), **settings: Any
) -> Callable[[Callable[Concatenate[Session, P], None]], Callable[Concatenate[Session, P], None]]:
    """Make a function whose first parameter is the session a command of `app`.

    Args:
        app: Group that gets the command.
        name: As typed.
        examples: Command lines shown below the help.
        settings: Further arguments of `typer.Typer.command`.
    """

    def register(function: Callable[Concatenate[Session, P], None]) -> Callable[Concatenate[Session, P], None]:
        app.command(name, epilog=_epilog(examples), **settings)(_runnable(function))
        return function

    return register


def _runnable(function: Callable[..., None]) -> Callable[..., None]:
    """What Typer calls: the function's own options plus the shared ones."""

    def run(ctx: typer.Context, **arguments: Any) -> None:
        later = SharedOptions(**{option: arguments.pop(option) for option in _SHARED})
        earlier = ctx.obj if isinstance(ctx.obj, SharedOptions) else SharedOptions()
        options = earlier.overridden_by(later)
        try:
            function(Session(options), **arguments)
        except ClaraError as exc:
            show_error(exc, as_json=options.as_json, verbose=options.verbose)
            raise typer.Exit(exit_code(exc)) from exc

    own = list(inspect.signature(function).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(name, keyword, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *(p.replace(kind=keyword) for p in own), *shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it; functions allow it
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return run


def _epilog(examples: Sequence[str]) -> str | None:
    if not examples:
        return None
    lines = "\n\n".join(f"  [cyan]{example.replace('[', chr(92) + '[')}[/cyan]" for example in examples)
    return f"[bold]Examples[/bold]\n\n{lines}"
