"""`clara quality review` against a live server."""

import pytest

from tests.support.cli import Clara
from tests.support.contract_app import ContractState, review


@pytest.fixture
def state() -> ContractState:
    rows = [review("k1", score=0.123), review("k2", reasons=["words", "digit_share"]), review("k3", text=None)]
    return ContractState(reviews={row["text_key"]: row for row in rows})


def test_without_a_word_the_open_list_is_shown(clara: Clara) -> None:
    shown = clara("quality", "review")

    assert shown.exit_code == 0
    for part in ("k1", "0.123", "Satzung § 1", "words, digit_share", "Absatz k2", "(no longer registered)"):
        assert part in shown.stdout
    listed = clara.json("quality", "review")
    assert ([each["text_key"] for each in listed["reviews"]], listed["total_count"]) == (["k1", "k2", "k3"], 3)


def test_the_list_can_be_cut_and_says_so(clara: Clara) -> None:
    shown = clara("quality", "review", "--limit", "2")

    assert ("k3" in shown.stdout, "2 of 3 shown" in shown.stderr) == (False, True)


def test_the_list_is_asked_by_state_and_reason(clara: Clara) -> None:
    assert clara.json("quality", "review", "--reason", "words")["total_count"] == 1
    nothing = clara("quality", "review", "list", "--state", "kept")
    assert (nothing.exit_code, "clara quality run" in nothing.stdout) == (0, True)


def test_texts_are_kept_by_key_or_by_the_id_of_a_section(clara: Clara, state: ContractState) -> None:
    shown = clara("quality", "review", "keep", "k1", "doc_9:1:4", "--note", "Gebührentabelle")

    assert shown.exit_code == 0, shown.stderr
    assert [state.reviews[key]["state"] for key in ("k1", "k2", "of doc_9:1:4")] == ["kept", "open", "kept"]
    assert state.reviews["k1"]["note"] == "Gebührentabelle"


def test_texts_are_rejected(clara: Clara, state: ContractState) -> None:
    (ruled,) = clara.json("quality", "review", "reject", "k2")["reviews"]

    assert (ruled["state"], ruled["decided_by"], state.reviews["k2"]["state"]) == ("rejected", "a@b.de", "rejected")


def test_one_text_is_shown_whole_with_its_ruling(clara: Clara) -> None:
    clara("quality", "review", "reject", "k2", "--note", "Scan")

    shown = clara("quality", "review", "show", "k2")

    for part in ("rejected", "Scan", "doc_k2:1:0", "a@b.de", "Absatz k2"):
        assert part in shown.stdout
    assert "(no longer registered)" in clara("quality", "review", "show", "k3").stdout


def test_a_key_that_nobody_knows_is_exit_code_4_and_what_was_said_before_it_stays(
    clara: Clara, state: ContractState
) -> None:
    shown = clara("quality", "review", "keep", "k1", "nope", "k2")

    assert (shown.exit_code, "review_not_found" in shown.stderr) == (4, True)
    assert [state.reviews[key]["state"] for key in ("k1", "k2")] == ["kept", "open"]


@pytest.mark.parametrize(
    "arguments", [("keep",), ("kep", "k1"), ("--state", "maybe"), ("--limit", "0"), ("show", "k1", "k2")]
)
def test_a_wrong_order_is_exit_code_2(clara: Clara, arguments: tuple[str, ...]) -> None:
    assert clara("quality", "review", *arguments).exit_code == 2


def test_the_group_explains_itself_and_its_list(clara: Clara) -> None:
    assert "reject" in clara("quality", "review", "--help").stdout
    assert "--reason" in clara("quality", "review", "list", "--help").stdout
