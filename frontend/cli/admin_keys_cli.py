"""`clara admin keys …`: keys for scripts, made and ended on the machine that has the database."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli.command import Limit, command
from frontend.cli.local_stores import local_user, opened_stores
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text
from shared.models.users import Role
from shared.utils.clock import iso_utc, utc_now

if TYPE_CHECKING:
    from shared.models.api_key import ApiKey

keys = typer.Typer(no_args_is_help=True, help="Keys for scripts: bearer tokens that need no login.")

_EXAMPLE = "abcdefgh234567xy"
KeyId = Annotated[str, typer.Argument(help="Id as shown by `clara admin keys list`.")]


def register(admin: typer.Typer) -> None:
    """Add the commands of this file."""
    admin.add_typer(keys, name="keys")


@command(
    keys,
    "create",
    examples=(
        "clara admin keys create nightly-import --role trainer",
        "clara admin keys create reports --role analyst --days 30 --json",
    ),
)
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    roles: Annotated[list[Role], typer.Option("--role", help="What it may do; may be repeated.")],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="Days until it expires.")] = 90,
) -> None:
    """Make a key and show it, once: only its hash is kept.

    Scripts send it as `Authorization: Bearer …`, or clara takes it from CLARA_TOKEN. It is accepted by every service on
    this database, in every security mode that asks for tokens.
    """
    from shared.auth.audit import audit_entry
    from shared.models.api_key import new_key

    user = local_user()
    stored, token = new_key(name, roles, lifetime=timedelta(days=days), created_by=user.email, now=utc_now())
    audit = audit_entry(user, "key.created", "key", stored.key.key_id, name=stored.key.name, **_scope(stored.key))
    with opened_stores(session) as stores:
        key = stores.keys.add(stored, audit=audit)
    session.answer({**_document(key), "token": token}, lambda: facts([("Id", key.key_id), ("Token", token)]))
    session.say(text("keys.once"), text("keys.expires", date=key.expires_at.date().isoformat()))


@command(keys, "list", examples=("clara admin keys list", "clara admin keys list --json"))
def show(
    session: Session,
    limit: Limit = 50,
    after: Annotated[str | None, typer.Option("--after", help="Go on after this id.")] = None,
) -> None:
    """Show keys, newest first, with what they may do, until when, and when they were last used."""
    with opened_stores(session) as stores:
        page = stores.keys.page(limit=limit, after=after)
    rows = [
        (key.key_id, key.name, ", ".join(sorted(key.roles)), _state(key), _day(key.expires_at), _day(key.last_used_at))
        for key in page.items
    ]
    document = {
        "keys": [_document(key) for key in page.items],
        "total_count": page.total,
        "next_after": page.next_after,
    }
    session.answer(document, lambda: table(("Id", "Name", "Roles", "State", "Expires", "Last used"), rows))
    session.say_more(len(page.items), page.total)


@command(keys, "revoke", examples=(f"clara admin keys revoke {_EXAMPLE}",))
def revoke(session: Session, key_id: KeyId) -> None:
    """End a key for ever. Every service refuses it within five seconds."""
    from shared.auth.audit import audit_entry

    user = local_user()
    with opened_stores(session) as stores:
        key = stores.keys.revoke(key_id, by=user.email, audit=audit_entry(user, "key.revoked", "key", key_id))
    session.answer(_document(key), lambda: facts([("Id", key.key_id), ("Name", key.name), ("State", _state(key))]))
    session.say(text("keys.revoked"))


def _scope(key: "ApiKey") -> dict[str, Any]:
    return {"roles": sorted(key.roles), "expires_at": iso_utc(key.expires_at)}


def _document(key: "ApiKey") -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "state": _state(key),
        **_scope(key),
        "created_at": iso_utc(key.created_at),
        "created_by": key.created_by,
        "revoked_at": iso_utc(key.revoked_at) if key.revoked_at else None,
        "revoked_by": key.revoked_by,
        "last_used_at": iso_utc(key.last_used_at) if key.last_used_at else None,
    }


def _state(key: "ApiKey") -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "good" if key.is_good_at(utc_now()) else "expired"


def _day(moment: Any) -> str:
    return "–" if moment is None else str(moment.date().isoformat())
