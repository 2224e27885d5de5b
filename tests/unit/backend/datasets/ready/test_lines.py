"""Lines of records as a stream sends them."""

import json

import pytest

from backend.datasets.ready.lines import state_of, with_relevance
from backend.datasets.records.content import json_lines

_TRAP = 'Er schrieb: "relevance_score":1.0, und sonst nichts.'


@pytest.mark.parametrize("relevance", [1.0, 0.5, 0.0, 0.12345678, 1e-06])
def test_relevance_is_put_into_its_column_and_nowhere_else(relevance: float) -> None:
    records = [{"text": _TRAP, "relevance_score": 1.0, "document_id": "d"} for _ in range(2)]

    told = [json.loads(line) for line in with_relevance(json_lines(records), relevance).splitlines()]

    assert told == [{**each, "relevance_score": round(relevance, 6)} for each in records]


def test_a_state_is_another_one_for_other_bytes_or_another_version() -> None:
    assert len({state_of(1, "a" * 64), state_of(2, "a" * 64), state_of(1, "b" * 64)}) == 3
