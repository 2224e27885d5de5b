"""Which orders an installation can meet, and which a stream can."""

from pathlib import Path
from typing import Any

import pytest

from backend.datasets.record_making import NothingWrites, NotStreamed, RecordMaking
from backend.datasets.record_order import RecordOrder
from backend.datasets.records.chunks import TokenLimit
from backend.datasets.records.drafting import RunningTextDrafter, TemplateDrafter
from backend.datasets.records.passages import CharacterLimit
from backend.datasets.records.templates.reading import UnusableTemplate
from tests.support.chat_tokenizers import tokenizer_file


def an_order(**values: Any) -> RecordOrder:
    return RecordOrder.model_validate(values)


def test_an_order_without_wishes_is_running_text_cut_by_characters() -> None:
    making, order = RecordMaking(), an_order()
    making.check(order)
    making.check_stream(order)

    assert making.limit(order) == CharacterLimit(4000)
    assert isinstance(making.drafter(order), RunningTextDrafter)
    assert making.chosen(order) == ()


def test_an_order_with_tokens_is_cut_by_them(tmp_path: Path) -> None:
    tokenizer_file(tmp_path / "modell", "byte_level")
    making = RecordMaking(base_model_roots=[tmp_path])
    order = an_order(tokenizer="modell", max_tokens=100, overlap_tokens=20)
    making.check(order)
    counter = making.counter(order)
    limit = making.limit(order, counter)

    assert isinstance(limit, TokenLimit)
    assert (limit.most, limit.overlap, limit.counter.name.partition("@")[0]) == (100, 20, "modell")


def test_questions_are_made_by_the_usual_templates() -> None:
    order = an_order(record_format="instruction")
    making = RecordMaking()

    assert isinstance(making.drafter(order), TemplateDrafter)
    assert {each.kind.name for each in making.chosen(order)} == {"question"}


def test_a_broken_template_of_the_installation_is_found_when_an_order_comes(tmp_path: Path) -> None:
    (tmp_path / "kaputt.yaml").write_text("name: [", encoding="utf-8")
    making = RecordMaking(templates=tmp_path)
    making.check(an_order())

    with pytest.raises(UnusableTemplate, match=r"kaputt\.yaml"):
        making.check(an_order(record_format="messages"))


def test_synthetic_questions_need_a_model() -> None:
    order = an_order(record_format="messages", synthetic={})

    assert order.synthetic is not None
    assert order.synthetic.share == 0.2
    with pytest.raises(NothingWrites, match="CLARA_SYNTHETIC_URL"):
        RecordMaking().check(order)
    RecordMaking(has_endpoint=True).check(order)
    RecordMaking().check(an_order(record_format="messages", synthetic={"share": 0}))


@pytest.mark.parametrize(
    "values",
    [
        {"tokenizer": "modell"},
        {"max_tokens": 64},
        {"record_format": "preference"},
        {"record_format": "messages", "synthetic": {}},
    ],
)
def test_a_stream_refuses_what_only_a_build_makes(values: dict[str, Any], tmp_path: Path) -> None:
    tokenizer_file(tmp_path / "modell", "byte_level")
    making = RecordMaking(base_model_roots=[tmp_path], has_endpoint=True)

    with pytest.raises(NotStreamed, match="order a dataset"):
        making.check_stream(an_order(**values))
