"""`clara documents` and `clara datasets` against a live server."""

import json
from pathlib import Path

from tests.support.cli import Clara
from tests.support.contract_app import ContractState, dataset


def test_an_empty_list_says_how_to_fill_it(clara: Clara) -> None:
    assert "clara ingest" in clara("documents", "list").stdout
    assert "clara datasets create" in clara("datasets", "list").stdout


def test_a_long_list_is_cut_at_the_limit_and_says_so(clara: Clara, state: ContractState) -> None:
    state.datasets = {f"ds_{n}": dataset(f"ds_{n}") for n in range(9)}
    result = clara("datasets", "list", "--limit", "4")
    assert result.stdout.count("ds_") == 2 * 4
    assert "4 of 9 shown" in result.stderr
    assert len(clara.json("datasets", "list", "--limit", "4")["datasets"]) == 4


def test_show_gives_every_fact_and_json_gives_what_the_service_said(clara: Clara, state: ContractState) -> None:
    state.datasets["ds_1"] = dataset("ds_1", total_tokens=1234567, export_paths={"jsonl": "/exports/x"})
    shown = clara("datasets", "show", "ds_1").stdout
    assert "1,234,567" in shown
    assert "Export jsonl" in shown
    assert clara.json("datasets", "show", "ds_1") == state.datasets["ds_1"]


def test_create_waits_until_the_dataset_is_built(clara: Clara, state: ContractState) -> None:
    result = clara("datasets", "create", "permits", "--query", "Baugenehmigung", "--format", "csv", "--top-k", "7")
    assert result.exit_code == 0
    assert "Dataset ds_new is ready" in result.stdout
    assert "clara train --dataset ds_new" in result.stderr
    assert state.submitted == [
        {
            "name": "permits",
            "description": "",
            "search_query": {"query_text": "Baugenehmigung", "top_k": 7, "min_quality_score": 0.5},
            "export_formats": ["csv"],
            "record_format": "text",
        }
    ]


def test_no_wait_answers_at_once(clara: Clara, state: ContractState) -> None:
    assert clara.json("datasets", "create", "permits", "-q", "x", "--no-wait")["status"] == "pending"
    assert state.datasets["ds_new"]["status"] == "pending"


def test_a_build_that_fails_is_exit_code_1_with_the_reason(clara: Clara, state: ContractState) -> None:
    state.build_error = "nothing survived the filters"
    result = clara("datasets", "create", "permits", "-q", "x")
    assert result.exit_code == 1
    assert "nothing survived the filters" in result.stdout


def test_kinds_of_search_collections_and_record_formats_reach_the_service(clara: Clara, state: ContractState) -> None:
    options = ("--search-type", "keyword", "--source", "laws", "--record-format", "messages")
    assert clara("datasets", "create", "permits", "-q", "*", *options).exit_code == 0
    assert state.submitted[0]["record_format"] == "messages"
    assert state.submitted[0]["search_query"]["search_types"] == ["keyword"]
    assert state.submitted[0]["search_query"]["filters"] == {"source": ["laws"]}


def test_repetitions_and_contaminated_sections_are_kept_only_where_that_is_asked_for(
    clara: Clara, state: ContractState
) -> None:
    options = ("--deduplicate", "off", "--keep-contaminated")
    assert clara("datasets", "create", "permits", "-q", "*", *options).exit_code == 0
    assert (state.submitted[0]["deduplicate"], state.submitted[0]["decontaminate"]) == ("off", False)
    assert clara("datasets", "create", "permits", "-q", "*", "--deduplicate", "some").exit_code == 2


def test_sections_that_were_left_out_for_evaluation_sets_are_told(clara: Clara, state: ContractState) -> None:
    state.build_statistics = {"contamination": {"dropped": 1234}}
    assert "1,234 sections were left out" in clara("datasets", "create", "permits", "-q", "*").stderr
    state.build_statistics, state.builds_left = {"contamination": None}, 2
    assert "left out" not in clara("datasets", "create", "permits", "-q", "*").stderr


def test_a_file_is_fetched_and_its_digest_told(clara: Clara, state: ContractState, tmp_path: Path) -> None:
    state.datasets["ds_1"] = dataset("ds_1")
    fetched = clara.json("datasets", "download", "ds_1", "--format", "csv", "--to", str(tmp_path))
    assert fetched["is_verified"] is True
    assert Path(fetched["path"]) == tmp_path / "ds_1.csv"
    assert "SHA-256 verified" in clara("datasets", "download", "ds_1", "--to", str(tmp_path / "x")).stdout


def test_an_export_of_an_unfinished_dataset_is_a_conflict(clara: Clara, state: ContractState) -> None:
    state.datasets["ds_1"] = dataset("ds_1", status="processing")
    result = clara("datasets", "export", "ds_1")
    assert result.exit_code == 5
    assert "still being built" in result.stderr


def test_deleting_needs_a_yes(clara: Clara, state: ContractState) -> None:
    state.datasets["ds_1"] = dataset("ds_1")
    refused = clara("datasets", "delete", "ds_1")
    assert (refused.exit_code, "--yes" in refused.stderr) == (2, True)
    assert clara("datasets", "delete", "ds_1", "--yes").exit_code == 0
    assert state.datasets == {}


def test_an_unknown_id_is_told_in_one_block_without_a_trace(clara: Clara) -> None:
    result = clara("documents", "show", "doc_404")
    assert result.exit_code == 4
    assert result.stdout == ""
    assert "Error (document_not_found): Nothing has the id 'doc_404'." in result.stderr
    assert "asked: GET http" in result.stderr
    assert "Traceback" not in result.output


def test_an_error_is_json_on_stderr_when_json_was_asked(clara: Clara) -> None:
    result = clara("datasets", "show", "ds_404", "--json")
    error = json.loads(result.stderr)["error"]
    assert (error["code"], error["exit_code"], error["status"]) == ("dataset_not_found", 4, 404)
