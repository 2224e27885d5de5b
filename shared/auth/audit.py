"""Audit entries that say who did it and in which request."""

from typing import Any

from shared.models.events import AuditEntry
from shared.models.users import Principal
from shared.utils.log_context import caller_address, correlation_id


def audit_entry(
    principal: Principal,
    action: str,
    object_type: str,
    object_id: str,
    *,
    outcome: str = "ok",
    request_id: str | None = None,
    **detail: Any,
) -> AuditEntry:
    """An entry for the store to write beside the change.

    The subject goes into the detail: users may edit their e-mail address, but not who they are.

    Args:
        principal: Who acts.
        action: Verb with its noun, e.g. `job.submitted`.
        object_type: `job`, `dataset`, `document`, `adapter` …
        object_id: Its id.
        outcome: `ok` or `refused`.
        request_id: Defaults to the correlation id of the present request.
        detail: JSON-able fields; no document text, no tokens.
    """
    return AuditEntry(
        action=action,
        object_type=object_type,
        object_id=object_id,
        actor=principal.email,
        outcome=outcome,
        detail={"subject": principal.subject, **detail},
        request_id=request_id or correlation_id(),
        roles=tuple(sorted(principal.roles)),
        address=caller_address(),
    )
