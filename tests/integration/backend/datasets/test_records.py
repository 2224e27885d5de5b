"""Records over HTTP and on the command line: templates, tokenizers, licences, corrected and synthetic answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.tokens import training_text
from backend.datasets.trained_tokens import TrainedCounter
from config import BaseConfig
from shared.database.stores import open_stores
from tests.support.chat_server import KEY, ChatServer, chat_server
from tests.support.chat_tokenizers import tokenizer_file
from tests.support.cli import Clara
from tests.support.dataset_service import DatasetService, an_order, running_service
from tests.support.legal_texts import GOOD, section_text
from tests.support.store_values import an_audit, some_feedback

OWN_TEMPLATE = """\
name: buergerfrage
version: 3
kind: question
when: {headed: true}
questions: ["Ich habe eine Frage zu „{heading}“ ({reference})."]
answer: "{body}"
"""
LAW = f"""\
---
Title: Grünanlagensatzung
jurabk: GrünS
license: Amtliches Werk, § 5 UrhG
---

# Grünanlagensatzung (GrünS)

## § 1 Begriffe

Grünanlagen im Sinne dieser Satzung sind alle Flächen, welche die Gemeinde zur Erholung unterhält. {GOOD}

## § 2 Antrag

{section_text(3, 1)}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("service") / "home"
    tokenizer_file(home / "models" / "modell", "byte_level")
    (home / "templates").mkdir()
    (home / "templates" / "eigene.yaml").write_text(OWN_TEMPLATE, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def service(home: Path, server: ChatServer) -> Iterator[DatasetService]:
    environment = {
        "CLARA_MODELS_DIR": str(home / "models"),
        "CLARA_TEMPLATES": str(home / "templates"),
        "CLARA_SYNTHETIC_URL": f"{server.url}/v1",
        "CLARA_SYNTHETIC_MODEL": "pruefmodell",
        "CLARA_SYNTHETIC_KEY": KEY,
    }
    with running_service(home, environment) as service:
        service.upload(10)
        files = [("files", ("gruen.md", LAW.encode(), "text/markdown"))]
        service.call("POST", "/api/datasets/upload", files=files, data={"source": "amt"})
        yield service


@pytest.fixture
def clara(service: DatasetService) -> Clara:
    return Clara(str(service.client.base_url).rstrip("/"))


def built(service: DatasetService, **changes: Any) -> tuple[Any, list[dict[str, Any]]]:
    dataset = service.finished(service.create(**changes))
    assert dataset["status"] == "completed", dataset["error_message"]
    return dataset, service.call("GET", f"/api/datasets/{dataset['dataset_id']}/records?limit=500")["records"]


def law_of(service: DatasetService) -> Any:
    (law,) = [
        each
        for each in service.call("GET", "/api/datasets/documents?limit=500")["documents"]
        if each["abbreviation"] == "GrünS"
    ]
    return law


def test_records_are_cut_by_the_tokens_of_a_base_model_and_counted_exactly(service: DatasetService, home: Path) -> None:
    dataset, records = built(service, tokenizer="modell", max_tokens=64, overlap_tokens=16)
    counter = TrainedCounter("modell", home / "models" / "modell" / "tokenizer.json")

    assert {each["metadata"]["tokenizer"] for each in records} == {counter.name}
    assert dataset["metadata"]["statistics"]["tokens"]["counter"] == counter.name
    assert all(each["metadata"]["tokens"] == counter.count(training_text(each)) for each in records)
    assert any(each["metadata"]["parts"] > 2 for each in records)


def test_questions_come_from_the_templates_that_are_asked_for(service: DatasetService) -> None:
    order = {"record_format": "instruction", "templates": ["definition", "buergerfrage"]}
    dataset, records = built(service, **order)
    used = dataset["metadata"]["statistics"]["template_files"]
    (term,) = [each for each in records if each["metadata"]["template"] == "definition_term"]

    assert {name: part["version"] for name, part in used.items()} == {"buergerfrage": 3, "definition_term": 1}
    assert used["buergerfrage"]["records"] == len(records) - 1
    assert "„Grünanlagen“" in term["instruction"]
    assert term["metadata"]["licence"] == "Amtliches Werk, § 5 UrhG"
    assert term["metadata"]["legal_basis"] == "§ 1 GrünS"
    assert {each["metadata"]["licence"] for each in records if each["document_id"] != term["document_id"]} == {""}


def test_a_corrected_answer_becomes_a_preference_of_the_section_that_it_cites(
    service: DatasetService, home: Path
) -> None:
    stores = open_stores(BaseConfig(home=home).database_url_resolved)
    try:
        item = some_feedback(
            1, prompt="Wer zahlt nach § 1 GrünS?", answer="Niemand.", correction="Wer die Anlage benutzt."
        )
        stores.feedback.add([item, some_feedback(2, prompt="Und sonst?", correction="Nichts.")], audit=an_audit())
    finally:
        stores.close()
    dataset, (record,) = built(service, record_format="preference")

    assert (record["chosen"], record["rejected"]) == ("Wer die Anlage benutzt.", "Niemand.")
    assert record["metadata"]["legal_basis"] == "§ 1 GrünS"
    assert dataset["metadata"]["statistics"]["preferences"] == {"corrected_answers": 2, "cite_a_section": 1}


def test_a_model_writes_questions_once_and_marks_them(service: DatasetService, server: ChatServer) -> None:
    order = {"record_format": "messages", "synthetic": {"share": 0.3}}
    dataset, records = built(service, **order)
    asked = server.requests
    again, _ = built(service, **order)
    synthetic = [each for each in records if each["metadata"]["origin"] == "synthetic"]

    assert synthetic
    assert {each["metadata"]["model"] for each in synthetic} == {"pruefmodell"}
    assert dataset["metadata"]["statistics"]["questions"]["kept"] == len(synthetic)
    assert server.requests == asked > 0
    assert again["content_sha256"] == dataset["content_sha256"]
    assert KEY not in json.dumps(dataset)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tokenizer": "model"}, "Did you mean 'modell'"),
        ({"tokenizer": "../modell"}, "There is no tokenizer"),
        ({"record_format": "messages", "templates": ["definitoin"]}, "Did you mean 'definition'"),
    ],
)
def test_what_is_not_there_is_refused_at_once(service: DatasetService, change: dict[str, Any], told: str) -> None:
    assert told in service.call("POST", "/api/datasets", 422, json=an_order(**change))["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"templates": ["question"]},
        {"record_format": "preference", "synthetic": {"share": 0.1}},
        {"record_format": "messages", "synthetic": {"share": 0.6}},
        {"overlap_tokens": 10},
        {"max_tokens": 100, "overlap_tokens": 51},
        {"max_tokens": 31},
    ],
)
def test_orders_that_contradict_themselves_are_refused(service: DatasetService, change: dict[str, Any]) -> None:
    service.call("POST", "/api/datasets", 422, json=an_order(**change))


@pytest.mark.parametrize("change", [{"tokenizer": "modell"}, {"max_tokens": 100}, {"record_format": "preference"}])
def test_a_stream_says_what_only_a_build_makes(service: DatasetService, change: dict[str, Any]) -> None:
    response = service.client.post("/api/datasets/stream", json=an_order(**change))

    assert "order a dataset" in response.text


def test_a_stream_uses_templates_too(service: DatasetService) -> None:
    order = an_order(record_format="messages", templates=["summary_heading"])
    lines = service.client.post("/api/datasets/stream", json=order).text.splitlines()
    records = [json.loads(line) for line in lines if "record_id" in line]

    assert records
    assert {each["metadata"]["template"] for each in records} == {"summary_heading"}


def test_templates_are_listed_by_pages_and_shown(service: DatasetService) -> None:
    first = service.call("GET", "/api/datasets/templates?limit=4")
    rest = service.call("GET", f"/api/datasets/templates?limit=100&after={first['next_after']}")
    names = [each["name"] for each in (*first["templates"], *rest["templates"])]

    assert names == sorted(names)
    assert len(names) == first["total_count"] == rest["total_count"]
    assert rest["next_after"] is None
    shown = service.call("GET", "/api/datasets/templates/buergerfrage")
    assert (shown["is_built_in"], shown["conditions"]) == (False, {"headed": True})
    assert "body" in shown["slots"]
    assert "templates list" in service.call("GET", "/api/datasets/templates/none", 404)["detail"]


def test_templates_are_tried_on_a_document_and_on_a_section(service: DatasetService) -> None:
    law = law_of(service)
    whole = service.call("POST", "/api/datasets/templates/try", json={"document_id": law["document_id"]})
    section = f"{law['document_id']}:{law['version']}:1"
    order = {"section_id": section, "templates": ["citation", "summary_headnote"], "record_format": "prompt_completion"}
    one = service.call("POST", "/api/datasets/templates/try", json=order)

    assert {each["metadata"]["template"] for each in whole["records"]} >= {"definition_term", "buergerfrage"}
    assert whole["is_complete"]
    assert "question_span" in whole["not_applied"]
    assert [each["completion"] for each in one["records"]] == ["Der Wortlaut stammt aus § 2 GrünS."]
    assert one["not_applied"] == ["summary_headnote"]
    for wrong in (
        {},
        {"section_id": section, "document_id": "x"},
        {"section_id": section, "record_format": "preference"},
    ):
        service.call("POST", "/api/datasets/templates/try", 422, json=wrong)
    service.call("POST", "/api/datasets/templates/try", 404, json={"section_id": "none:1:0"})
    service.call("POST", "/api/datasets/templates/try", 404, json={"document_id": "none"})


def test_the_command_line_lists_shows_and_tries_templates(clara: Clara, service: DatasetService) -> None:
    listed = clara("datasets", "templates", "list", env={"CLARA_LANG": "en"})
    assert listed.exit_code == 0, listed.output
    assert all(part in listed.stdout for part in ("definition_term", "buergerfrage", "your own", "built in"))
    assert clara.json("datasets", "templates", "list", "--limit", "3")["total_count"] > 3
    shown = clara("datasets", "templates", "show", "definition_term")
    assert "Wie definiert {reference} den Begriff „{term}“?" in shown.stdout

    document = law_of(service)["document_id"]
    tried = clara("datasets", "templates", "try", "--document", document, "--template", "definition")
    assert "definition_term 1 · § 1 GrünS" in tried.stdout
    assert "Grünanlagen im Sinne dieser Satzung sind alle Flächen" in tried.stdout
    found = clara.json("datasets", "templates", "try", "--document", document, "--limit", "1")
    assert (len(found["records"]), found["is_complete"]) == (1, False)
    pieces = ("--record-format", "text", "--max-tokens", "40", "--overlap-tokens", "10")
    assert len(clara.json("datasets", "templates", "try", "--section", f"{document}:1:0", *pieces)["records"]) > 2


@pytest.mark.parametrize("arguments", [(), ("--section", "a", "--document", "b")])
def test_a_trial_of_nothing_or_of_two_things_is_bad_input(clara: Clara, arguments: tuple[str, ...]) -> None:
    assert clara("datasets", "templates", "try", *arguments).exit_code == 2


def test_the_command_line_orders_all_of_it(clara: Clara) -> None:
    kinds = ("--record-format", "prompt_completion", "--template", "completion", "--template", "citation")
    cut = ("--tokenizer", "modell", "--max-tokens", "200", "--overlap-tokens", "20", "--synthetic-share", "0.1")
    made = clara.json("datasets", "create", "alles", "--query", "*", *kinds, *cut)
    request = made["metadata"]["request"]

    assert made["status"] == "completed"
    assert (request["templates"], request["synthetic"]) == (["completion", "citation"], {"share": 0.1})
    assert (request["tokenizer"], request["max_tokens"], request["overlap_tokens"]) == ("modell", 200, 20)
    refused = clara("datasets", "create", "alles", "--query", "*", "--template", "definition")
    assert (refused.exit_code, "make no records of format text" in refused.output) == (2, True)
