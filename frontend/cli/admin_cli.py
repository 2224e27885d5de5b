"""`clara serve`, `clara config …` and `clara doctor`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from frontend.cli.command import command
from frontend.cli.failure import ExitCode
from frontend.cli.session import Session, table
from frontend.cli.texts import text
from frontend.client.services import SERVICES

if TYPE_CHECKING:
    from frontend.cli.service_process import RunningService

config = typer.Typer(no_args_is_help=True, help="Look at the settings.")


class Which(StrEnum):
    """What `clara serve` starts."""

    TRAINING = "training"
    DATASETS = "datasets"
    SERVING = "serving"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(app, "serve", examples=("clara serve all", "CLARA_TRAINING_PORT=46000 clara serve training"))(serve)
    command(app, "doctor", examples=("clara doctor", "clara doctor --json"))(doctor)
    app.add_typer(config, name="config")


def serve(
    session: Session,
    which: Annotated[Which, typer.Argument(help="One service, or all that are installed.")],
    show_logs: Annotated[
        bool, typer.Option("--show-logs", help="Logs to the terminal, not to the logs folder.")
    ] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Longest wait until ready, in seconds.")] = 60.0,
) -> None:
    """Start services on this machine and stay in the foreground; Ctrl-C stops them cleanly."""
    from frontend.cli.service_ports import is_installed
    from frontend.cli.service_process import running, stop_signals, wait_for_end, wait_ready

    settings = session.settings
    if which is Which.ALL:
        services = [service for service in SERVICES if is_installed(service)]
    else:
        services = [service for service in SERVICES if service.name == which.value]
    grace_s = settings.grace_seconds + 5
    with stop_signals() as is_stopping:
        with running(services, settings, show_logs=show_logs, grace_s=grace_s) as children:
            for child in children:
                if wait_ready(child, timeout_s=timeout, is_stopping=is_stopping):
                    _say_ready(session, child)
            session.say(text("serve.stop_hint"))
            wait_for_end(children, is_stopping)
            session.say(text("serve.stopping"))
        session.say(text("serve.stopped"))


@command(config, "show", examples=("clara config show", "clara config show --json"))
def show_config(session: Session) -> None:
    """Show every setting, its value and where the value came from; secrets are masked."""
    from frontend.cli.settings_origin import setting_origins

    origins = setting_origins(session.settings)
    document = {o.name: {"value": o.value, "origin": o.origin, "description": o.description} for o in origins}
    rows = [(o.name, o.value, o.origin, o.description) for o in origins]
    session.answer(document, lambda: table(("Setting", "Value", "From", "What it is"), rows))


def doctor(session: Session) -> None:
    """Say what this machine has and lacks for CLARA, and how to get it (exit code 1 if something needed lacks)."""
    from rich.text import Text

    from frontend.cli.doctor import State, examine

    findings = examine(session.settings)
    missing = sum(finding.state is State.MISSING for finding in findings)
    colours = {State.OK: "green", State.HINT: "yellow", State.MISSING: "red"}
    rows = [(Text(text(f"doctor.{f.state}"), colours[f.state]), f.subject, f.found, f.to_do) for f in findings]
    session.answer(
        {"missing": missing, "findings": [finding.as_json() for finding in findings]},
        lambda: table(("", "What", "Found", "To do"), rows),
    )
    session.say(text("doctor.missing_count", n=missing) if missing else text("doctor.all_fine"))
    if missing:
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)


def _say_ready(session: Session, child: "RunningService") -> None:
    if session.as_json:
        session.line({"event": "ready", "service": child.service.name, "url": child.url, "pid": child.process.pid})
        return
    session.say(text("serve.ready", name=child.service.name, url=child.url))
    if child.log is not None:
        session.say(f"  {text('serve.log', path=child.log)}")
