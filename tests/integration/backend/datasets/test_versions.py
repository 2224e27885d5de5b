"""Versions over HTTP: their line, what differs, their events, and the ends that people make."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from shared.database.stores import open_stores
from shared.models.events import AuditEntry
from tests.support.dataset_service import DatasetService, an_order, markdown_parts, running_service

DOCUMENTS = 12


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service") / "home"


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[DatasetService]:
    with running_service(home) as service:
        service.upload(DOCUMENTS)
        yield service


@pytest.fixture(scope="module")
def first(service: DatasetService) -> Any:
    dataset = service.finished(service.create())
    assert dataset["status"] == "completed", dataset["error_message"]
    return dataset


@pytest.fixture(scope="module")
def second(service: DatasetService, first: Any) -> Any:
    """The next version, made after one document came and one changed."""
    parts = markdown_parts(DOCUMENTS + 1)
    name, body, kind = parts[0][1]
    parts[0] = ("files", (name, body.replace(b"Gemeinde 0", b"Stadt Null"), kind))
    service.call("POST", "/api/datasets/upload", files=parts, data={"source": "amt"})
    dataset = service.finished(service.create(parent=first["dataset_id"], name="Satzungen neu"))
    assert dataset["status"] == "completed", dataset["error_message"]
    return dataset


def _events(service: DatasetService, dataset_id: str) -> list[Any]:
    return list(service.call("GET", f"/api/datasets/{dataset_id}/events?limit=500")["events"])


def test_the_same_order_over_the_same_documents_gives_the_same_hashes(service: DatasetService, first: Any) -> None:
    again = service.finished(service.create(name="Anders genannt", description="x", export_formats=["csv"]))
    other = service.finished(service.create(seed=7))

    assert again["version_sha256"] == first["version_sha256"]
    assert again["content_sha256"] == first["content_sha256"]
    assert other["version_sha256"] != first["version_sha256"]
    assert (again["version"], again["line"], again["parent"]) == (1, again["dataset_id"], None)


def test_a_child_is_the_next_version_of_its_line(service: DatasetService, first: Any, second: Any) -> None:
    listed = service.call("GET", f"/api/datasets/{first['dataset_id']}/versions")

    assert (second["version"], second["parent"], second["line"]) == (2, first["dataset_id"], first["line"])
    assert [each["dataset_id"] for each in listed["versions"]] == [second["dataset_id"], first["dataset_id"]]
    assert listed["line"] == first["line"]
    assert listed["total_count"] == 2
    page = service.call("GET", f"/api/datasets/{second['dataset_id']}/versions?limit=1")
    rest = service.call("GET", f"/api/datasets/{second['dataset_id']}/versions?after={page['next_after']}")
    assert [each["version"] for each in page["versions"] + rest["versions"]] == [2, 1]


def test_a_parent_must_be_there_and_be_finished(service: DatasetService) -> None:
    service.call("POST", "/api/datasets", 404, json=an_order(parent="dataset_0"))
    service.call("GET", "/api/datasets/dataset_0/versions", 404)
    service.call("GET", "/api/datasets/dataset_0/events", 404)


def test_a_version_differs_from_its_parent_in_what_changed(service: DatasetService, first: Any, second: Any) -> None:
    path = f"/api/datasets/{second['dataset_id']}/diff"
    diff = service.call("GET", f"{path}?of=documents")

    assert (diff["against"], diff["against_version"], diff["version"]) == (first["dataset_id"], 1, 2)
    assert diff["counts"]["documents"] == {"added": 1, "removed": 0, "changed": 1, "unchanged": DOCUMENTS - 1}
    assert {(each["change"], (each["after"] or {})["path"]) for each in diff["changes"]} == {
        ("added", f"satzungen/{DOCUMENTS}.md"),
        ("changed", "satzungen/0.md"),
    }
    assert diff["parameters"] == []
    assert not diff["is_same_version"]
    records = diff["counts"]["records"]
    assert records["added"] > 0
    assert records["changed"] > 0
    assert records["unchanged"] + records["changed"] + records["added"] == second["record_count"]
    backwards = service.call("GET", f"/api/datasets/{first['dataset_id']}/diff?against={second['dataset_id']}")
    assert backwards["counts"]["records"]["removed"] == records["added"]


def test_a_diff_is_read_page_by_page(service: DatasetService, second: Any) -> None:
    path = f"/api/datasets/{second['dataset_id']}/diff"
    whole = service.call("GET", f"{path}?limit=500")["changes"]
    paged, after = [], ""
    while True:
        page = service.call("GET", f"{path}?limit=2{after}")
        paged += page["changes"]
        if page["next_after"] is None:
            break
        after = f"&after={page['next_after']}"

    assert paged == whole
    assert [each["id"] for each in whole] == sorted(each["id"] for each in whole)
    added = service.call("GET", f"{path}?limit=500&change=added")["changes"]
    assert added == [each for each in whole if each["change"] == "added"]


def test_a_first_version_has_nothing_to_compare_with(service: DatasetService, first: Any) -> None:
    refused = service.call("GET", f"/api/datasets/{first['dataset_id']}/diff", 422)

    assert refused["code"] == "nothing_to_compare"


def test_other_parameters_are_named(service: DatasetService, first: Any) -> None:
    other = service.finished(service.create(max_characters=500))
    diff = service.call("GET", f"/api/datasets/{other['dataset_id']}/diff?against={first['dataset_id']}")

    assert {"name": "order.max_characters", "before": 4000, "after": 500} in diff["parameters"]


def test_events_tell_a_build_without_a_gap(service: DatasetService, first: Any) -> None:
    events = _events(service, first["dataset_id"])

    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    told = [(each["type"], each["payload"].get("stage") or each["payload"]["status"]) for each in events]
    assert told[:2] == [("status", "pending"), ("status", "processing")]
    assert [stage for kind, stage in told if kind == "stage"] == ["found", "settled", "written"]
    assert told[-1] == ("status", "completed")


def test_a_stream_replays_what_came_after_a_number(service: DatasetService, first: Any) -> None:
    path = f"/api/datasets/{first['dataset_id']}/events/stream"
    last = _events(service, first["dataset_id"])[-1]["seq"]
    with service.client.stream("GET", path, headers={"Last-Event-ID": str(last - 1)}) as response:
        lines = [line for line in response.iter_lines() if line]

    assert lines[:2] == [f"id: {last}", "event: status"]
    told = json.loads(lines[2].removeprefix("data: "))
    assert (told["type"], told["dataset_id"], told["status"]) == ("dataset_update", first["dataset_id"], "completed")
    assert service.client.get(path, headers={"Last-Event-ID": str(last)}).status_code == 204


def test_a_socket_tells_a_build_live(service: DatasetService) -> None:
    url = str(service.client.base_url).replace("http", "ws").rstrip("/")
    dataset_id = service.create()
    seqs: list[int] = []
    with connect(f"{url}/api/datasets/ws?dataset_id={dataset_id}&resume_from=0", proxy=None) as socket:
        while True:
            told = json.loads(socket.recv(timeout=60))
            seqs.append(told["seq"])
            if told["status"] in ("completed", "failed"):
                break

    assert seqs == list(range(1, len(seqs) + 1))
    assert told["status"] == "completed"


def test_a_cancelled_build_fails_for_good_and_leaves_nothing(service: DatasetService, home: Path) -> None:
    # the second one waits behind the first: there is one builder
    ids = [service.create(), service.create()]
    for dataset_id in reversed(ids):
        answer = service.client.post(f"/api/datasets/{dataset_id}/cancel")
        if answer.status_code == 200:
            assert answer.json()["data"]["error_message"] == "Cancelled by debug@clara.local."
    waiting = service.finished(ids[1])

    assert waiting["status"] == "failed"
    assert not (home / "data" / "datasets" / ids[1]).exists()
    assert _events(service, ids[1])[-1]["payload"]["reason"] == "cancelled"
    assert service.call("POST", f"/api/datasets/{ids[1]}/cancel", 400)["code"] == "dataset_already_finished"


def test_a_withdrawn_version_is_kept_and_not_used(service: DatasetService) -> None:
    dataset_id = service.finished(service.create())["dataset_id"]
    service.call("POST", f"/api/datasets/{dataset_id}/withdraw", 422, json={"reason": " "})
    withdrawn = service.call("POST", f"/api/datasets/{dataset_id}/withdraw", json={"reason": "Einwilligung fehlt"})

    assert withdrawn["data"]["withdrawn_reason"] == "Einwilligung fehlt"
    assert withdrawn["data"]["withdrawn_by"] == "debug@clara.local"
    refused = service.call("POST", f"/api/datasets/{dataset_id}/export", 409, json={"format": "csv"})
    assert refused["code"] == "dataset_withdrawn"
    # the debug user is an administrator
    assert service.call("GET", f"/api/datasets/{dataset_id}/records?limit=1")["records"]


def test_erased_documents_are_in_no_new_version_and_old_ones_are_named(
    service: DatasetService, home: Path, second: Any
) -> None:
    stores = open_stores(f"sqlite:///{(home / 'clara.db').as_posix()}", derived_stores=("embedded", "embedded_vectors"))
    gone = next(each for each in stores.documents.page(limit=500).items if each.path == "satzungen/3.md")
    stores.documents.erase(gone.document_id, audit=AuditEntry("document.erased", "document", gone.document_id, "a@b"))
    stores.close()
    uploaded = service.upload(DOCUMENTS)
    third = service.finished(service.create(parent=second["dataset_id"]))

    assert uploaded["data"]["ingested"] == 0
    assert third["status"] == "completed", third["error_message"]
    versions = service.call("GET", f"/api/datasets/{third['dataset_id']}/versions")["versions"]
    assert [each["erased_documents"] for each in versions] == [[], [gone.document_id], [gone.document_id]]
    holding = service.call("GET", "/api/datasets/holding-erased?limit=500")
    assert second["dataset_id"] in [each["dataset_id"] for each in holding["versions"]]
    assert third["dataset_id"] not in [each["dataset_id"] for each in holding["versions"]]
    diff = service.call("GET", f"/api/datasets/{third['dataset_id']}/diff?of=documents&change=removed")
    assert [each["before"]["document_id"] for each in diff["changes"]] == [gone.document_id]
