import pytest

from backend.common.ownership import NotTheirOwn, check_ownership, creator_from, nobody
from shared.auth.audit import audit_entry
from shared.auth.policies import Actor
from shared.database.stores import memory_stores
from shared.models.events import AuditEntry
from shared.models.users import Principal, Role

ANNA = Principal("5f0c-anna", "anna@stadt.example", frozenset({Role.ANALYST}))
BERT = Principal("77aa-bert", "anna@stadt.example", frozenset({Role.ANALYST}))


def test_the_first_entry_of_the_audit_log_says_who_made_it() -> None:
    audit = memory_stores().audit
    audit.append(audit_entry(ANNA, "dataset.ordered", "dataset", "d1"))
    for _ in range(1100):
        audit.append(audit_entry(BERT, "dataset.exported", "dataset", "d1"))
    assert creator_from(audit)("d1") == "5f0c-anna"


def test_what_the_log_does_not_know_is_nobodys() -> None:
    audit = memory_stores().audit
    audit.append(AuditEntry("dataset.ordered", "dataset", "d2", "anna@stadt.example"))
    assert creator_from(audit)("d1") is None
    assert creator_from(audit)("d2") is None


def test_who_is_limited_to_their_own_needs_to_have_made_it() -> None:
    made_by_anna = {"d1": ANNA.subject}.get
    check_ownership(Actor(ANNA, is_limited_to_own=True), "d1", made_by_anna)
    check_ownership(Actor(BERT, is_limited_to_own=False), "d1", nobody)
    for creator_of in (made_by_anna, nobody):
        with pytest.raises(NotTheirOwn, match="d1 was made by somebody else"):
            check_ownership(Actor(BERT, is_limited_to_own=True), "d1", creator_of)
