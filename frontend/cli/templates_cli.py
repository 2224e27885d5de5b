"""`clara datasets templates …`: which questions and answers are made of sections, and what they look like."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text
from shared.errors import InvalidInput
from shared.models.dataset import RecordFormat

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client.template_answers import Template, TriedTemplates

templates = typer.Typer(no_args_is_help=True, help="Look at the templates of questions and answers, and try them.")

_PAGE = 200
_WHO = {"user": "Q", "assistant": "A"}


class OneSource(InvalidInput):
    """A trial names neither a section nor a document, or both."""

    code = "one_source"


def register(datasets: typer.Typer) -> None:
    """Add the commands of this file."""
    datasets.add_typer(templates, name="templates")


@command(templates, "list", examples=("clara datasets templates list", "clara datasets templates list --json"))
def list_templates(session: Session, limit: Limit = 100) -> None:
    """List templates by name: what kind each is, its version, and for which records it can be used."""
    with session.client() as client:
        shown = list(islice(client.templates.iterate(page_size=min(limit, _PAGE)), limit))
        total = client.templates.page(limit=1).total_count
    rows = [
        (each.name, str(each.version), each.kind, each.language, text(_origin(each)), each.description)
        for each in shown
    ]
    session.answer(
        {"templates": [each.as_json() for each in shown], "total_count": total},
        lambda: table(("Name", ">Version", "Kind", "Language", "Origin", "Description"), rows),
    )
    session.say_more(len(shown), total)


@command(templates, "show", examples=("clara datasets templates show definition_term",))
def show_template(
    session: Session, name: Annotated[str, typer.Argument(help="Name as shown by `clara datasets templates list`.")]
) -> None:
    """Show one template: when it applies, its wordings, its answer, and the slots that a text of yours may have."""
    with session.client() as client:
        template = client.templates.get(name)
    session.answer(template.as_json(), lambda: _drawn_template(template))


@command(
    templates,
    "try",
    examples=(
        "clara datasets templates try --section doc_1hq7x0a2b3c4d5e6f:1:4",
        "clara datasets templates try --document doc_1hq7x0a2b3c4d5e6f --template definition --template citation",
        "clara datasets templates try --document doc_1hq7x0a2b3c4d5e6f --record-format text --max-tokens 512 --json",
    ),
)
def try_templates(
    session: Session,
    section: Annotated[str | None, typer.Option("--section", help="Id as shown by `clara search`.")] = None,
    document: Annotated[str | None, typer.Option("--document", help="Id as shown by `clara documents list`.")] = None,
    template: Annotated[
        list[str] | None, typer.Option("--template", help="A template or a kind of them; repeatable; default: all.")
    ] = None,
    record_format: Annotated[
        RecordFormat, typer.Option("--record-format", help="instruction, messages, prompt_completion or text.")
    ] = RecordFormat.MESSAGES,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=32, help="Most words and marks of the source in one record.")
    ] = None,
    overlap_tokens: Annotated[
        int | None, typer.Option("--overlap-tokens", min=0, help="How many of them a part repeats of the one before.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Show at most this many records.")] = 20,
) -> None:
    """Show the records that templates make of a section or a document; nothing is stored."""
    if (section is None) == (document is None):
        raise OneSource(text("templates.one_source"))
    with session.client() as client:
        tried = client.templates.try_on(
            section_id=section,
            document_id=document,
            templates=template or (),
            limit=limit,
            record_format=record_format.value,
            max_tokens=max_tokens,
            overlap_tokens=overlap_tokens,
        )
    session.answer(tried.as_json(), lambda: _drawn_records(tried) if tried.records else text("templates.nothing"))
    if not tried.is_complete:
        session.say(text("templates.more", n=formats.number(tried.total_count)))
    if tried.not_applied:
        session.say(text("templates.not_applied", names=", ".join(tried.not_applied)))


def _origin(template: "Template") -> str:
    return "templates.built_in" if template.is_built_in else "templates.own"


def _drawn_template(template: "Template") -> "RenderableType":
    conditions = ", ".join(f"{name}: {_shown(value)}" for name, value in template.conditions.items())
    return facts(
        [
            ("Name", template.name),
            ("Version", f"{template.version} ({template.sha256[:12]}, {text(_origin(template))})"),
            ("Kind", template.kind),
            ("Description", template.description),
            ("Applies to", conditions),
            ("Records", ", ".join(template.shapes)),
            ("Slots", ", ".join(f"{{{slot}}}" for slot in template.slots)),
            *(("Question", wording) for wording in template.questions),
            ("Context", template.context),
            ("Answer", template.answer),
        ]
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower()


def _drawn_records(tried: "TriedTemplates") -> "RenderableType":
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    blocks: list[RenderableType] = []
    for record in tried.records:
        said = record["metadata"]
        tokens = text("templates.tokens", n=formats.number(said["tokens"]))
        head = f"{said['template']} {said['template_version']} · {said['legal_basis']} · {tokens}"
        body = facts(_words(record))
        blocks += [Text(head, style="bold"), Padding(body, (0, 0, 1, 2))]
    return Group(*blocks)


def _words(record: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The words of a record, whatever its shape."""
    if "messages" in record:
        return [(_WHO.get(turn["role"], turn["role"]), turn["content"]) for turn in record["messages"]]
    names = ("text", "instruction", "input", "output", "prompt", "completion")
    return [(name, str(record[name])) for name in names if record.get(name)]
