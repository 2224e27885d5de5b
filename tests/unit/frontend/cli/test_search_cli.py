"""`clara search`: found sections for people and for scripts."""

import pytest

from frontend.cli.search_hits import highlighted
from tests.support.cli import Clara
from tests.support.contract_app import ContractState


def section(rank: int, **further: object) -> dict[str, object]:
    return {
        "section_id": f"doc_1:1:{rank}",
        "document_id": "doc_1",
        "document_version": 1,
        "source": "laws",
        "path": "vwvfg.md",
        "title": "Verwaltungsverfahrensgesetz",
        "abbreviation": "VwVfG",
        "section_number": f"§ {rank}",
        "heading": "Anhörung",
        "snippet": "Die Behörde hört die Beteiligten an.",
        "relevance_score": 1 / rank,
        "quality_score": 0.9,
        "rank": rank,
        "lists": {"keyword": {"rank": rank, "score": 12.5, "store": "embedded"}},
        **further,
    }


@pytest.fixture
def found(state: ContractState) -> ContractState:
    state.found = [section(rank) for rank in range(1, 6)]
    return state


@pytest.mark.parametrize("command", [("search",), ("search", "query")])
def test_a_text_is_searched_with_and_without_the_name_of_the_command(
    clara: Clara, found: ContractState, command: tuple[str, ...]
) -> None:
    result = clara(*command, "Anhörung Beteiligter")
    assert result.exit_code == 0, result.output
    assert found.searches[0]["query_text"] == "Anhörung Beteiligter"
    assert "§ 1 VwVfG · Anhörung" in result.stdout
    assert "keyword 1 (12.500, embedded)" in result.stdout
    assert "Die Behörde hört die Beteiligten an." in result.stdout


def test_options_may_stand_before_the_text(clara: Clara, found: ContractState) -> None:
    assert clara("search", "--limit", "2", "Anhörung").exit_code == 0
    assert found.searches[0]["limit"] == 2


def test_a_text_that_is_the_name_of_a_command_is_written_behind_query(clara: Clara, found: ContractState) -> None:
    assert clara("search", "query", "evaluate").exit_code == 0
    assert found.searches[0]["query_text"] == "evaluate"


def test_pages_follow_each_other(clara: Clara, found: ContractState) -> None:
    first = clara("search", "Anhörung", "--limit", "3")
    assert "--after 3" in first.stderr
    last = clara("search", "Anhörung", "--limit", "3", "--after", "3")
    assert "§ 4 VwVfG" in last.stdout
    assert "--after" not in last.stderr


def test_filters_reach_the_service(clara: Clara, found: ContractState) -> None:
    clara(
        *("search", "Anhörung", "--source", "laws", "--law", "VwVfG", "--law", "BGB", "--document", "doc_1"),
        *("--valid-on", "2026-01-31", "--media-type", "text/markdown", "--search-type", "keyword"),
        *("--min-quality", "0.5"),
    )
    assert found.searches == [
        {
            "query_text": "Anhörung",
            "limit": 10,
            "min_quality_score": 0.5,
            "search_types": ["keyword"],
            "filters": {
                "source": ["laws"],
                "abbreviation": ["VwVfG", "BGB"],
                "document_id": ["doc_1"],
                "media_type": ["text/markdown"],
                "valid_on": "2026-01-31",
            },
        }
    ]


def test_json_is_what_the_service_said(clara: Clara, found: ContractState) -> None:
    answer = clara.json("search", "Anhörung", "--limit", "1")
    assert answer["results"] == [section(1)]
    assert answer["next_after"] == "1"


def test_nothing_found_is_said(clara: Clara) -> None:
    assert "Nothing was found." in clara("search", "Anhörung").stdout


def test_a_day_that_is_none_is_refused(clara: Clara) -> None:
    assert clara("search", "Anhörung", "--valid-on", "31.01.2026").exit_code == 2


def test_help_shows_both_commands(clara: Clara) -> None:
    shown = clara("search", "--help").stdout
    assert "query" in shown
    assert "evaluate" in shown


def test_words_that_begin_alike_are_marked() -> None:
    drawn = highlighted("Die Gebühren der\nBehörde sind im Amt fällig", "gebühr und behördlich im")
    assert drawn.plain == "Die Gebühren der Behörde sind im Amt fällig"
    assert [drawn.plain[span.start : span.end] for span in drawn.spans] == ["Gebühren", "Behörde"]
