import pytest
from pydantic import BaseModel, ValidationError

from backend.common.exact import Day, Moment, Number, Reason, Truth, Whole


class Order(BaseModel):
    count: Whole = 1
    share: Number = 0.5
    loud: Truth = False
    since: Moment | None = None
    on: Day | None = None


@pytest.mark.parametrize(
    "body",
    [
        {"count": "5"},
        {"count": True},
        {"count": 1.5},
        {"share": "0.5"},
        {"share": False},
        {"loud": 0},
        {"loud": "yes"},
        {"since": 0.5},
        {"since": "1700000000"},
        {"since": "2026-03-01T08:00:00"},
        {"on": 20000},
        {"on": "20000"},
    ],
)
def test_what_pydantic_would_read_into_it_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Order.model_validate(body)


def test_what_is_described_is_taken() -> None:
    body = {"count": 5.0, "share": 1, "loud": True, "since": "2026-03-01T08:00:00+01:00", "on": "2026-03-01"}

    order = Order.model_validate(body)

    assert (order.count, order.share, order.loud) == (5, 1.0, True)
    assert order.since is not None
    assert order.since.isoformat() == "2026-03-01T08:00:00+01:00"


def test_the_description_keeps_its_types() -> None:
    properties = Order.model_json_schema()["properties"]

    assert (properties["count"]["type"], properties["share"]["type"], properties["loud"]["type"]) == (
        "integer",
        "number",
        "boolean",
    )


class Withdrawal(BaseModel):
    reason: Reason


@pytest.mark.parametrize("reason", ["ab", "   ", "ab ", "x" * 2_001, "x" * 2_000 + " ", 5, None])
def test_a_reason_is_as_long_as_its_description_says_also_without_the_space_around_it(reason: object) -> None:
    with pytest.raises(ValidationError):
        Withdrawal.model_validate({"reason": reason})
    described = Withdrawal.model_json_schema()["properties"]["reason"]
    assert (described["minLength"], described["maxLength"]) == (3, 2_000)


@pytest.mark.parametrize("reason", ["abc", " abc ", "x" * 2_000])
def test_a_reason_is_kept_without_the_space_around_it(reason: str) -> None:
    assert Withdrawal(reason=reason).reason == reason.strip()
