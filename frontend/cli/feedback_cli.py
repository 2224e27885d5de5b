"""`clara feedback …`."""

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.failure import ExitCode
from frontend.cli.feedback_files import ExportKind, export_lines, import_file, write_new
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text
from shared.models.feedback import FeedbackFilter, FeedbackState
from shared.models.targets import DEFAULT_MIN_SCORE

if TYPE_CHECKING:
    from frontend.client.models import FeedbackReceipt

feedback = typer.Typer(no_args_is_help=True, help="Say what is right and wrong with answers; the model learns from it.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(feedback, name="feedback")


@command(
    feedback,
    "add",
    examples=(
        'clara feedback add --prompt "Wie lange ist die Frist?" --answer "Einen Monat." --rating 5',
        'clara feedback add --prompt "Wer entscheidet?" --answer "Der Rat." --correction "Die Bürgermeisterin."',
    ),
)
def add_feedback(
    session: Session,
    prompt: Annotated[str, typer.Option("--prompt", help="What was asked.")],
    answer: Annotated[str, typer.Option("--answer", help="What the model answered.")],
    correction: Annotated[str | None, typer.Option("--correction", help="What it should have answered.")] = None,
    score: Annotated[float | None, typer.Option("--score", min=-1, max=1, help="-1 bad … 1 good.")] = None,
    rating: Annotated[int | None, typer.Option("--rating", min=1, max=5, help="1 bad … 5 good.")] = None,
    source: Annotated[str, typer.Option("--source", help="Where it comes from.")] = "cli",
    importance: Annotated[
        int, typer.Option("--importance", min=1, max=5, help="How many times it stands in a training mix.")
    ] = 1,
    adapter: Annotated[str | None, typer.Option("--adapter", help="Id of the adapter that answered.")] = None,
) -> None:
    """Give one judgement: a score or a rating, or the answer as it should have been.

    A praised answer (score 0.5, rating 4 and more) or a correction becomes something to learn from; a bad answer never
    does. What the quality check rejects is kept with its reason (exit code 1). The same texts are stored once.
    """
    given = {"correction": correction, "score": score, "rating": rating, "adapter_id": adapter}
    item: dict[str, Any] = {"prompt": prompt, "answer": answer, "source": source, "importance": importance}
    with session.client() as client:
        receipt = client.feedback.give([item | {name: value for name, value in given.items() if value is not None}])
    session.answer(receipt.as_json(), lambda: receipt.items[0].feedback_id)
    _say_outcomes(session, [(None, receipt)])


@command(
    feedback,
    "import",
    examples=("clara feedback import ratings.jsonl", "clara feedback import ratings.jsonl --source review --json"),
)
def import_feedback(
    session: Session,
    path: Annotated[Path, typer.Argument(help="JSON objects, one per line.", exists=True, dir_okay=False)],
    source: Annotated[str | None, typer.Option("--source", help="For lines that name none.")] = None,
) -> None:
    """Give a file of judgements: one JSON object per line, with the fields of `clara feedback add`.

    prompt, answer, and score (-1..1), rating (1..5) or correction; also source, importance, adapter_id. A line that
    cannot be right ends the import and is named; what was stored before it stays, and repeating the import stores none
    twice. What the quality check rejects is listed with its reason (exit code 1).
    """
    with session.client() as client:
        done = import_file(session, client, path, source=source)
    counts = {
        name: sum(getattr(receipt, name) for _, receipt in done) for name in ("accepted", "rejected", "duplicates")
    }
    items = [item.as_json() for _, receipt in done for item in receipt.items]
    session.answer({**counts, "items": items}, lambda: text("feedback.given", **counts))
    _say_outcomes(session, done)
    if counts["accepted"]:
        session.say(text("feedback.next"))


@command(
    feedback,
    "list",
    examples=(
        "clara feedback list",
        "clara feedback list --state rejected",
        "clara feedback list --corrected --source review --json",
    ),
)
def list_feedback(
    session: Session,
    state: Annotated[FeedbackState | None, typer.Option("--state", help="Only these.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only from this source.")] = None,
    min_score: Annotated[float | None, typer.Option("--min-score", min=-1, max=1, help="Least score.")] = None,
    max_score: Annotated[float | None, typer.Option("--max-score", min=-1, max=1, help="Highest score.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="Only from then on (local time).")] = None,
    corrected: Annotated[
        bool | None, typer.Option("--corrected/--uncorrected", help="Only with, or only without a correction.")
    ] = None,
    adapter: Annotated[str | None, typer.Option("--adapter", help="Only on answers of this adapter.")] = None,
    limit: Limit = 50,
) -> None:
    """List feedback, newest first."""
    wanted = FeedbackFilter(
        state, source, min_score, max_score, since.astimezone() if since else None, corrected, adapter
    )
    with session.client() as client:
        page = client.feedback.page(wanted, limit=min(limit, 500))
        shown = list(islice(client.feedback.iterate(wanted, page_size=min(limit, 500)), limit))
    rows = [
        (
            item.feedback_id,
            item.reason or item.state.value,
            formats.number(item.score, 2),
            item.source,
            formats.one_line(item.prompt, 40),
            formats.one_line(item.correction or item.answer, 40),
            formats.ago(item.created_at),
        )
        for item in shown
    ]
    columns = ("Id", "State", ">Score", "Source", "Prompt", "Correction or answer", "Given")
    session.answer(
        {"items": [item.as_json() for item in shown], "total_count": page.total_count},
        lambda: table(columns, rows) if rows else text("list.empty", hint=text("feedback.none")),
    )
    session.say_more(len(shown), page.total_count)


@command(feedback, "show", examples=("clara feedback show fb_1hq7x0a2b3c4d5e6f",))
def show_feedback(
    session: Session, feedback_id: Annotated[str, typer.Argument(help="Id as shown by `clara feedback list`.")]
) -> None:
    """Show one item with its whole texts."""
    with session.client() as client:
        item = client.feedback.get(feedback_id)
    pairs = [
        ("Id", item.feedback_id),
        ("State", item.state.value),
        ("Reason", item.reason or ""),
        ("Score", formats.number(item.score, 2)),
        ("Importance", str(item.importance)),
        ("Source", item.source),
        ("Adapter", item.adapter_id or ""),
        ("Given", f"{formats.moment(item.created_at)} {item.created_by}".strip()),
        ("Prompt", item.prompt),
        ("Answer", item.answer),
        ("Correction", item.correction or ""),
    ]
    session.answer(item.as_json(), lambda: facts(pairs))


@command(
    feedback,
    "export",
    examples=(
        "clara feedback export pairs.jsonl --kind pairs",
        "clara feedback export targets.jsonl --kind targets --min-score 1",
    ),
)
def export_feedback(
    session: Session,
    path: Annotated[Path, typer.Argument(help="File to write; must not exist.", dir_okay=False)],
    kind: Annotated[
        ExportKind, typer.Option("--kind", help="pairs: corrections over answers; targets: what is learnt.")
    ] = ExportKind.PAIRS,
    min_score: Annotated[
        float, typer.Option("--min-score", min=-1, max=1, help="Lowest score at which an answer is a target.")
    ] = DEFAULT_MIN_SCORE,
) -> None:
    """Write feedback as records for training: preference pairs (prompt, chosen, rejected) or prompt and completion."""
    with session.client() as client:
        items = client.feedback.iterate(FeedbackFilter(state=FeedbackState.ACCEPTED), page_size=500)
        count = write_new(path, export_lines(items, kind, min_score=min_score))
    session.answer({"records": count, "path": str(path)}, lambda: text("feedback.exported", n=count, path=path))


def _say_outcomes(session: Session, done: "list[tuple[list[int] | None, FeedbackReceipt]]") -> None:
    """Name what was rejected; the exit code says that something was."""
    is_any_rejected = False
    for lines, receipt in done:
        for index, item in enumerate(receipt.items):
            if item.reason is None or item.is_duplicate:
                continue
            is_any_rejected = True
            where = text("feedback.line", line=lines[index]) if lines else ""
            session.say(text("feedback.rejected", where=where, reason=item.reason))
    if is_any_rejected:
        raise typer.Exit(ExitCode.FINISHED_WITH_FAILURES)
