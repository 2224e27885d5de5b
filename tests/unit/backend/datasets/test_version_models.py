"""What a withdrawal may say."""

import pytest
from pydantic import ValidationError

from backend.common.validation import field_reasons
from backend.datasets.version_models import WithdrawRequest


def test_the_space_around_a_reason_is_left_out() -> None:
    assert WithdrawRequest(reason=" \n Einwilligung fehlt\u00a0").reason == "Einwilligung fehlt"


@pytest.mark.parametrize("reason", ["   ", " ab\t", "\u2003\u2003\u2003x"])
def test_a_reason_of_space_is_refused_beyond_what_the_schema_says(reason: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        WithdrawRequest(reason=reason)

    (told,) = field_reasons(refusal.value.errors())
    assert told["field"] == "reason"
    assert told["reason"].startswith("is refused: at least 3 characters")


def test_limits_that_a_schema_can_state_are_in_the_schema() -> None:
    field = WithdrawRequest.model_json_schema()["properties"]["reason"]
    assert (field["minLength"], field["maxLength"]) == (3, 2_000)
