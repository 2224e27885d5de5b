"""`clara quality review …`: the list of doubtful texts, worked through with the dataset service."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli import formats
from frontend.cli.command import Limit, command
from frontend.cli.default_command import WithDefaultCommand
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text
from shared.models.review import ReviewState

if TYPE_CHECKING:
    from rich.console import RenderableType

    from frontend.client import ClaraClient
    from frontend.client.reviewed import Review

_PAGE = 200
_EXAMPLE_KEY = "9f2c41d07a6be835b1c2d3e4f5061728"


class _ReviewGroup(WithDefaultCommand):
    default = "list"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Without anything the list is meant, too."""
        return super().parse_args(ctx, args or [self.default])


review = typer.Typer(
    cls=_ReviewGroup, help="Look at what quality doubts: `clara quality review`; rule on it: `keep`, `reject`."
)

Keys = Annotated[
    list[str],
    typer.Argument(help="Keys as shown by `clara quality review`, or ids of sections as shown by `explain`."),
]
Note = Annotated[str, typer.Option("--note", help="Why, in your own words.")]


def register(quality: typer.Typer) -> None:
    """Add the commands of this file."""
    quality.add_typer(review, name="review")


@command(
    review,
    "list",
    examples=("clara quality review", "clara quality review list --reason digit_share --limit 200 --json"),
)
def list_reviews(
    session: Session,
    state: Annotated[ReviewState, typer.Option("--state", help="Only texts in this state.")] = ReviewState.OPEN,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Only texts that are doubted for this signal most of all.")
    ] = None,
    limit: Limit = 50,
) -> None:
    """List texts that quality doubts, those of the lowest score first; equal texts are one."""
    with session.client() as client:
        found = client.quality.iterate(state=state, reason=reason, page_size=min(limit, _PAGE))
        shown = list(islice(found, limit))
        total = client.quality.page(state=state, reason=reason, limit=1).total_count
    session.answer(
        {"reviews": [each.as_json() for each in shown], "total_count": total},
        lambda: _listed(shown) if shown else text("list.empty", hint=text("quality.no_reviews")),
    )
    session.say_more(len(shown), total)


@command(review, "show", examples=(f"clara quality review show {_EXAMPLE_KEY}",))
def show_review(
    session: Session, key: Annotated[str, typer.Argument(help="Key as shown by `clara quality review`.")]
) -> None:
    """Show one text as it was judged, with its reasons and, once somebody has spoken, the ruling."""
    with session.client() as client:
        found = client.quality.get(key)
    session.answer(found.as_json(), lambda: _drawn(found))


@command(
    review,
    "keep",
    examples=(f"clara quality review keep {_EXAMPLE_KEY}", 'clara quality review keep doc_1:1:4 --note "Fee table"'),
)
def keep(session: Session, keys: Keys, note: Note = "") -> None:
    """Keep texts, whatever the profile says of them now or later; they are not doubted again."""
    _rule(session, keys, ReviewState.KEPT, note)


@command(review, "reject", examples=(f"clara quality review reject {_EXAMPLE_KEY} --note Scan",))
def reject(session: Session, keys: Keys, note: Note = "") -> None:
    """Reject texts, whatever the profile says of them now or later; they are not doubted again."""
    _rule(session, keys, ReviewState.REJECTED, note)


def _rule(session: Session, keys: Sequence[str], state: ReviewState, note: str) -> None:
    """One after the other: a key that nobody knows ends it, what was said before it stays said."""
    with session.client() as client:
        ruled = [_ruled(client, key, state, note) for key in keys]
    session.answer({"reviews": [each.as_json() for each in ruled]}, lambda: _listed(ruled))


def _ruled(client: "ClaraClient", key: str, state: ReviewState, note: str) -> "Review":
    # only ids of sections have colons
    rule = client.quality.rule_section if ":" in key else client.quality.rule
    return rule(key, state, note=note)


def _listed(reviews: "Sequence[Review]") -> "RenderableType":
    rows = [
        (
            each.text_key,
            each.state.value,
            _place(each),
            formats.number(each.score),
            ", ".join(each.reasons),
            formats.one_line(each.text, 80) if each.text is not None else text("quality.gone"),
        )
        for each in reviews
    ]
    return table(("Key", "State", "Place", ">Score", "Reasons", "Text"), rows)


def _drawn(found: "Review") -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    pairs = [
        ("Key", found.text_key),
        ("State", found.state.value),
        ("Decided", f"{formats.moment(found.decided_at)} {found.decided_by or ''}".strip()),
        ("Note", found.note),
        ("Place", _place(found)),
        ("Section", found.section_id),
        ("Score", formats.number(found.score)),
        ("Reasons", ", ".join(found.reasons)),
        ("Profile", found.profile_version),
        ("Noted", formats.moment(found.noted_at)),
    ]
    body = found.text if found.text is not None else text("quality.gone")
    return Group(facts(pairs), "", Text(body))


def _place(found: "Review") -> str:
    return " ".join(part for part in (found.title, found.number, found.heading) if part)
