"""The `clara` command."""

import sys
from typing import Annotated

import typer

from frontend.cli import (
    adapters_cli,
    admin_certs_cli,
    admin_cli,
    admin_group,
    admin_keys_cli,
    audit_cli,
    dataset_cli,
    dataset_records_cli,
    dataset_report_cli,
    documents_cli,
    erase_cli,
    feedback_cli,
    ingest_cli,
    jobs_cli,
    login_cli,
    model_cli,
    quality_cli,
    search_cli,
    stores_cli,
    training_cli,
)
from frontend.cli.command import DatasetUrlOption, JsonOption, TokenOption, TrainingUrlOption, VerboseOption
from frontend.cli.failure import ExitCode, show_bug
from frontend.cli.session import SharedOptions

app = typer.Typer(
    name="clara",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "[bold]From documents to an adapter[/bold]\n\n"
        "  [cyan]clara serve all[/cyan]                                       start the services\n\n"
        "  [cyan]clara ingest ./documents[/cyan]                              read your documents\n\n"
        "  [cyan]clara model create-starter[/cyan]                            a small base model, made here\n\n"
        '  [cyan]clara datasets create permits --query "Baugenehmigung"[/cyan]\n\n'
        "  [cyan]clara train --dataset DATASET_ID --watch[/cyan]              train, with live progress\n\n"
        "  [cyan]clara jobs report JOB_ID[/cyan]                              what the adapter learned\n\n"
        "[bold]Try the installation, in seconds[/bold]\n\n"
        "  [cyan]clara train --trainer probe --watch[/cyan]                   a real job, without any model\n\n"
        "Exit codes: 0 ok, 1 finished with failures, 2 bad input, 3 not permitted, 4 not found, 5 conflict, "
        "6 unavailable."
    ),
)


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"clara {version('clara-finetuning')}")
        except PackageNotFoundError:
            print("clara (run from a source tree)")
        raise typer.Exit


@app.callback()
def clara(
    ctx: typer.Context,
    *,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    token: TokenOption = None,
    training_url: TrainingUrlOption = None,
    dataset_url: DatasetUrlOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Turn your administration's documents into a fine-tuned language model, on your own machines."""
    ctx.obj = SharedOptions(as_json, verbose, token, training_url, dataset_url)


ingest_cli.register(app)
documents_cli.register(app)
erase_cli.register(app)
search_cli.register(app)
dataset_cli.register(app)
dataset_records_cli.register(app)
dataset_report_cli.register(app)
training_cli.register(app)
jobs_cli.register(app)
adapters_cli.register(app)
feedback_cli.register(app)
model_cli.register(app)
quality_cli.register(app)
stores_cli.register(app)
admin_cli.register(app)
admin_group.register(app)
admin_keys_cli.register(admin_group.admin)
admin_certs_cli.register(admin_group.admin)
audit_cli.register(app)
login_cli.register(app)


def main() -> None:
    """Run the command line; nothing unforeseen reaches the user as a bare trace."""
    for stream in (sys.stdout, sys.stderr):
        # a console that cannot show a sign gets a substitute instead of an error
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except Exception as exc:  # noqa: BLE001 - the outermost frame of the command line
        show_bug(exc, verbose="--verbose" in sys.argv)
        sys.exit(ExitCode.BUG)
