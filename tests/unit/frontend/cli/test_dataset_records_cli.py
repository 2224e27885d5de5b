"""`clara datasets records` and `clara datasets stream` against a live server."""

import json
from pathlib import Path
from typing import Any

from tests.support.cli import Clara
from tests.support.contract_app import ContractState, dataset


def a_record(number: int, **content: Any) -> dict[str, Any]:
    metadata = {"split": "train", "legal_basis": f"§ {number} GebO", "tokens": 40}
    content = content or {"text": f"Satz {number}\u2028 der Ordnung"}
    return {"record_id": f"r{number}", **content, "metadata": metadata, "quality_score": 0.875}


def test_records_are_shown_with_their_source_and_their_beginning(clara: Clara, state: ContractState) -> None:
    state.datasets["ds_1"] = dataset("ds_1", record_count=9)
    chat = [{"role": "user", "content": "Was?"}, {"role": "assistant", "content": "Das " * 90}]
    state.records = [a_record(1), a_record(2, messages=chat), *(a_record(n) for n in range(3, 10))]

    result = clara("datasets", "records", "ds_1", "--limit", "2")

    assert "§ 1 GebO" in result.stdout
    assert "Satz 1 der Ordnung" in result.stdout
    assert "Das Das" in result.stdout
    assert "…" in result.stdout
    assert "2 of 9 shown" in result.stderr


def test_records_as_json_are_one_object_per_line(clara: Clara, state: ContractState) -> None:
    state.records = [a_record(n) for n in range(7)]

    assert clara.json_lines("datasets", "records", "ds_1", "--limit", "5") == state.records[:5]


def test_a_stream_is_written_line_by_line_and_said_to_be_whole(clara: Clara, state: ContractState) -> None:
    state.records = [a_record(n) for n in range(3)]

    result = clara("datasets", "stream", "--query", "Gebühr", "--top-k", "3")

    assert [json.loads(line) for line in result.stdout.split("\n") if line] == state.records
    assert "3 records came, complete and checked" in result.stderr
    assert state.submitted[0]["search_query"] == {"query_text": "Gebühr", "top_k": 3, "min_quality_score": 0.5}


def test_a_stream_that_is_cut_ends_with_an_error(clara: Clara, state: ContractState) -> None:
    state.records, state.is_stream_cut = [a_record(1)], True

    result = clara("datasets", "stream", "--query", "Gebühr")

    assert result.exit_code == 6
    assert "after 1 records" in result.stderr


def test_a_file_gives_members_that_have_no_option(clara: Clara, state: ContractState, tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    order.write_text('{"seed": 7, "search_query": {"weights": {"vector": 2}, "top_k": 9}}', encoding="utf-8")

    clara("datasets", "create", "permits", "--query", "Bau", "--order", str(order))
    clara("datasets", "stream", "--query", "Bau", "--order", str(order))

    created, streamed = state.submitted
    assert created["search_query"] == streamed["search_query"]
    assert created["search_query"] == {
        "query_text": "Bau",
        "top_k": 9,
        "min_quality_score": 0.5,
        "weights": {"vector": 2},
    }
    assert (created["seed"], streamed["seed"], created["name"]) == (7, 7, "permits")


def test_datasets_are_listed_by_status(clara: Clara, state: ContractState) -> None:
    state.datasets = {"ds_1": dataset("ds_1", status="failed"), "ds_2": dataset("ds_2")}

    listed = clara.json("datasets", "list", "--status", "failed")

    assert [each["dataset_id"] for each in listed["datasets"]] == ["ds_1"]
    assert listed["total_count"] == 1
    assert clara("datasets", "list", "--status", "half").exit_code == 2
