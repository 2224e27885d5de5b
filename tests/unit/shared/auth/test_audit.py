from shared.auth.audit import audit_entry
from shared.models.users import Principal
from shared.utils.log_context import CORRELATION_ID, bound

ANNA = Principal("5f0c-anna", "anna@stadt.example")


def test_an_entry_names_the_address_the_unchangeable_subject_and_the_request() -> None:
    with bound(**{CORRELATION_ID: "req_1"}):
        entry = audit_entry(ANNA, "job.submitted", "job", "job_1", priority=3)
    assert (entry.actor, entry.request_id, entry.outcome) == ("anna@stadt.example", "req_1", "ok")
    assert entry.detail == {"subject": "5f0c-anna", "priority": 3}


def test_outside_of_a_request_there_is_no_request_id_unless_given() -> None:
    assert audit_entry(ANNA, "job.cancelled", "job", "job_1").request_id is None
    assert audit_entry(ANNA, "job.cancelled", "job", "job_1", request_id="r", outcome="refused").request_id == "r"
