"""Which lists are asked together."""

import pytest

from backend.datasets.search_evaluation.ablation import ablations
from shared.models.search import RankedList

CITATION, KEYWORD, COMPOUND, VECTOR, GRAPH = RankedList


def test_each_list_and_each_kind_of_search_is_asked_alone_and_left_out() -> None:
    found = ablations(list(RankedList))
    assert next(iter(found)) == "all"
    assert found["only vector"] == (VECTOR,)
    assert found["without vector"] == (CITATION, KEYWORD, COMPOUND, GRAPH)
    assert found["only keyword leg"] == (CITATION, KEYWORD, COMPOUND)
    assert found["without keyword leg"] == (VECTOR, GRAPH)
    assert len(found) == 1 + 6 + 6


def test_equal_lists_are_asked_once() -> None:
    assert ablations([KEYWORD]) == {"all": (KEYWORD,)}
    assert ablations([KEYWORD, VECTOR]) == {
        "all": (KEYWORD, VECTOR),
        "only keyword": (KEYWORD,),
        "only vector": (VECTOR,),
    }


def test_no_list_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ablations([])
