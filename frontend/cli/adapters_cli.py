"""`clara adapters …`."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.failure import ExitCode
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client import ClaraClient
    from frontend.client.models import AdapterCheck

adapters = typer.Typer(
    no_args_is_help=True, help="Look at the trained adapters, check their files, promote one, merge one."
)


_MUCH_ROUNDING = 0.25


class MergedDtype(StrEnum):
    """Number formats of a merged model."""

    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


class AdaptersNotNamed(InvalidInput):
    """Neither or both of ids and --all."""

    code = "adapters_not_named"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(adapters, name="adapters")


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


@command(
    adapters,
    "verify",
    examples=(
        "clara adapters verify adp_1hq7x0a2b3c4d5e6f",
        "clara adapters verify --all",
        "clara adapters verify --all --json",
    ),
)
def verify_adapters(
    session: Session,
    adapter_ids: Annotated[list[str] | None, typer.Argument(help="Ids as shown by `clara adapters list`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every adapter there is.")] = False,
) -> None:
    """Compare every byte of adapters with what was published; the service does it where the files lie.

    Each file is compared with the manifest (size, SHA-256; none missing, none added) and the manifest with the
    database. Ends with 0 if all are whole and with 1 if one is damaged.
    """
    if bool(adapter_ids) == every:
        raise AdaptersNotNamed(text("adapters.which"))
    with session.client() as client:
        checks = [client.adapters.verify(adapter_id) for adapter_id in _shown(session, _ids(client, adapter_ids or ()))]
    damaged = sum(not check.is_valid for check in checks)
    session.answer(
        {"checked": len(checks), "damaged": damaged, "adapters": [check.as_json() for check in checks]},
        lambda: _verdicts(checks) if checks else text("list.empty", hint=text("adapters.none")),
    )
    if damaged:
        session.say(text("adapters.some_damaged", damaged=damaged, n=len(checks)))
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)
    session.say(text("adapters.all_valid", n=len(checks)))


@command(adapters, "active", examples=("clara adapters active", "clara adapters active --json"))
def show_active(session: Session) -> None:
    """Show which adapter of each base model is in use: what continuous training compares with."""
    with session.client() as client:
        active = client.adapters.active()
    rows = [(p.adapter_id, p.base_model, p.replaced or "", formats.ago(p.promoted_at), p.promoted_by) for p in active]
    columns = ("Id", "Base model", "Replaced", "Since", "By")
    session.answer(
        {"promotions": [p.as_json() for p in active]},
        lambda: table(columns, rows) if rows else text("list.empty", hint=text("adapters.none_active")),
    )


@command(
    adapters,
    "promote",
    examples=(
        "clara adapters promote adp_1hq7x0a2b3c4d5e6f",
        "clara adapters promote adp_1hq7x0a2b3c4d5e6f --override    # against its comparison; recorded",
    ),
)
def promote_adapter(
    session: Session,
    adapter_id: Annotated[str, typer.Argument(help="Id as shown by `clara adapters list`.")],
    override: Annotated[
        bool, typer.Option("--override", help="Also if its comparison ended with reject or is out of date.")
    ] = False,
) -> None:
    """Make an adapter the active one of its base model, once the service has verified its files.

    A candidate of continuous training whose comparison ended with reject, or was made with an adapter that is not
    active any more, is refused (exit code 5) unless you pass --override, which is recorded with your name.
    """
    with session.client() as client:
        promotion = client.adapters.promote(adapter_id, override=override)
    session.answer(promotion.as_json(), lambda: promotion.adapter_id)
    before = promotion.replaced or text("adapters.nothing_before")
    names = {"adapter_id": promotion.adapter_id, "base_model": promotion.base_model}
    session.say(text("adapters.promoted", replaced=before, **names))
    if promotion.is_override:
        session.say(text("adapters.overridden"))


@command(
    adapters,
    "merge",
    examples=(
        "clara adapters merge adp_1hq7x0a2b3c4d5e6f --output permits-merged",
        "clara adapters merge adp_1hq7x0a2b3c4d5e6f --output permits-exact --dtype float32",
    ),
)
def merge_adapter(
    session: Session,
    adapter_id: Annotated[str, typer.Argument(help="Id as shown by `clara adapters list`.")],
    output: Annotated[str, typer.Option("--output", metavar="NAME", help="Folder below the models folder.")],
    dtype: Annotated[MergedDtype, typer.Option("--dtype", help="Number format of the weights.")] = MergedDtype.BFLOAT16,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads, else all.")] = None,
) -> None:
    """Merge an adapter into its unquantised base model: a model of its own, for engines that load no adapters.

    Works on the machine where the models lie, without the services; needs the trainer packages there, and memory for
    the whole base model. The adapter's files and the base model are verified first, the result is compared with base
    model and adapter, and it is there whole or not at all.
    """
    from frontend.cli.merge_process import run_merge

    options = {"--adapter-id": adapter_id, "--output": output, "--dtype": dtype.value, "--threads": threads}
    result = run_merge(session, [f"{flag}={value}" for flag, value in options.items() if value is not None])
    figures = {name: formats.number(result.get(name)) for name in ("parameters", "difference", "effect", "rounding")}
    size, time = formats.size(int(result.get("size_bytes") or 0)), formats.duration(float(result.get("elapsed_s") or 0))
    session.answer(result, lambda: text("merge.done", path=result.get("path"), size=size, time=time, **figures))
    if float(result.get("rounding") or 0) > _MUCH_ROUNDING:
        session.say(text("merge.rounding", rounding=figures["rounding"]))
    session.say(text("merge.next", name=output))


def _ids(client: "ClaraClient", named: "Iterable[str]") -> list[str]:
    return list(named) or [adapter.adapter_id for adapter in client.adapters.iterate()]


def _shown(session: Session, adapter_ids: list[str]) -> Iterable[str]:
    """The ids, with a bar that tells how far the work is where somebody looks on."""
    from rich.progress import track

    console = session.error_console()
    is_seen = console.is_terminal and not session.as_json
    return track(adapter_ids, text("adapters.verifying"), console=console, disable=not is_seen, transient=True)


def _verdicts(checks: "list[AdapterCheck]") -> "RenderableType":
    rows = [
        (
            check.adapter_id,
            text("adapters.valid") if check.is_valid else text("adapters.damaged"),
            str(check.files or ""),
            formats.size(check.size_bytes) if check.size_bytes else "",
            check.reason or "",
        )
        for check in checks
    ]
    return table(("Id", "Verdict", ">Files", ">Size", "What is wrong"), rows)


def _perplexities(metrics: Mapping[str, Any]) -> str:
    held_out = metrics.get("held_out") or {}
    before, after = held_out.get("base_perplexity"), held_out.get("adapter_perplexity")
    return f"{formats.number(before, 1)} → {formats.number(after, 1)}" if before and after else ""
