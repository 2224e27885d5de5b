"""Whose object something is: who made it, as the audit log wrote it down.

Rows show the e-mail address of who made them, which people may change in their account; the audit log has the subject
of the token beside it, which nobody can.
"""

from collections.abc import Callable

from shared.auth.policies import Actor
from shared.database.base import AuditStore
from shared.errors import NotPermitted

CreatorOf = Callable[[str], str | None]
"""Subject of who made the object with this id; None: nobody knows, so it is nobody's own."""

_PAGE = 500


class NotTheirOwn(NotPermitted):
    """The caller may change only what it made itself, and did not make this."""

    code = "not_the_owner"

    def __init__(self, object_id: str) -> None:
        super().__init__(
            f"{object_id} was made by somebody else; with your role you may change only what you made yourself. "
            "An administrator or trainer can do it.",
            object_id=object_id,
        )


def nobody(_: str) -> None:
    """Of no object it is known who made it."""


def creator_from(audit: AuditStore) -> CreatorOf:
    """Looks the maker of an object up in the audit log: whose entry is its first."""

    def creator_of(object_id: str) -> str | None:
        first, before = None, None
        while entries := audit.page(object_id=object_id, limit=_PAGE, after=before):
            before, first = entries[-1]
        subject = first.detail.get("subject") if first is not None else None
        return subject if isinstance(subject, str) else None

    return creator_of


def check_ownership(actor: Actor, object_id: str, creator_of: CreatorOf) -> None:
    """Let an actor pass that may change everything, or made this itself.

    Raises:
        NotTheirOwn: Otherwise.
    """
    if actor.is_limited_to_own and creator_of(object_id) != actor.principal.subject:
        raise NotTheirOwn(object_id)
