"""Documents fall into splits by their own path alone, and leaks are measured."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.splits import SplitPlan, TextOwners, text_hash
from shared.models.dataset import Split

PATHS = st.lists(st.text(min_size=1, max_size=30), unique=True, max_size=60)


@given(PATHS, PATHS)
def test_new_documents_move_no_old_one(old: list[str], new: list[str]) -> None:
    plan = SplitPlan()
    before = {path: plan.split(path) for path in old}

    assert {path: plan.split(path) for path in [*new, *old] if path in before} == before


def test_shares_are_met_over_many_documents() -> None:
    counts = Counter(SplitPlan().split(f"gesetze/{number}.md") for number in range(20_000))

    assert abs(counts[Split.TRAIN] / 20_000 - 0.8) < 0.01
    assert abs(counts[Split.VALIDATION] / 20_000 - 0.1) < 0.01


def test_another_seed_is_another_division() -> None:
    one, other = SplitPlan(seed=1), SplitPlan(seed=2)

    assert any(one.split(f"{number}.md") is not other.split(f"{number}.md") for number in range(100))


def test_texts_are_equal_whatever_their_case_and_white_space_but_not_their_digits_and_umlauts() -> None:
    assert text_hash("Die  Gebühr\nbeträgt 5 Euro") == text_hash("die gebühr beträgt 5 euro ")
    assert text_hash("Die Gebühr beträgt 5 Euro") != text_hash("Die Gebühr beträgt 6 Euro")
    assert text_hash("drucken") != text_hash("drücken")


def test_a_text_belongs_to_the_split_that_asked_first() -> None:
    owners = TextOwners()

    assert owners.admits("a", Split.TRAIN)
    assert owners.admits("a", Split.TRAIN)
    assert not owners.admits("A", Split.TEST)
