"""The dataset service over HTTP: routes, fields and statuses of the contract."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.storage import verify_folder
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
def dataset(service: DatasetService) -> Any:
    dataset = service.finished(service.create(export_formats=["jsonl", "parquet", "csv", "jsonl"]))
    assert dataset["status"] == "completed", dataset["error_message"]
    return dataset


def test_health_names_the_stores(service: DatasetService) -> None:
    health = service.call("GET", "/health")

    assert health["service"] == "clara_dataset_backend"
    assert health["stores"] == {"database": "ok", "embedded": "ok", "embedded_vectors": "ok"}
    assert health["uds3_available"] is True
    assert isinstance(health["datasets_count"], int)


def test_a_dataset_has_the_fields_of_the_contract(dataset: Any) -> None:
    assert dataset.keys() >= {
        "dataset_id",
        "name",
        "description",
        "status",
        "created_at",
        "created_by",
        "query_text",
        "document_count",
        "total_tokens",
        "quality_score_avg",
        "export_paths",
        "metadata",
        "version",
        "content_sha256",
    }
    assert dataset["created_by"] == "debug@clara.local"
    assert dataset["created_at"].endswith("Z")
    assert dataset["document_count"] == DOCUMENTS
    assert sorted(dataset["export_paths"]) == ["csv", "jsonl", "parquet"]
    assert dataset["metadata"]["statistics"]["split_leak"] == {"documents": 0, "texts": 0, "near_duplicates": 0}


def test_every_folder_of_a_dataset_verifies(dataset: Any) -> None:
    for path in [dataset["path"], *dataset["export_paths"].values()]:
        assert verify_folder(Path(path)).properties["content_sha256"] == dataset["content_sha256"]


def test_datasets_are_listed_newest_first(service: DatasetService, dataset: Any) -> None:
    listed = service.call("GET", "/api/datasets?limit=500")

    assert dataset["dataset_id"] in [each["dataset_id"] for each in listed["datasets"]]
    assert listed["total_count"] == len(listed["datasets"])


def test_statistics_count_everything_found(service: DatasetService, dataset: Any) -> None:
    statistics = service.call("GET", f"/api/datasets/{dataset['dataset_id']}/statistics")["statistics"]
    sections = statistics["sections"]

    assert sections["found"] == sections["kept"] + sum(sections["dropped"].values())


def test_records_come_page_by_page(service: DatasetService, dataset: Any) -> None:
    found: list[str] = []
    after: str | None = None
    while True:
        params = {"limit": 7, **({"after": after} if after else {})}
        page = service.call("GET", f"/api/datasets/{dataset['dataset_id']}/records", params=params)
        found += [record["record_id"] for record in page["records"]]
        after = page["next_after"]
        if after is None:
            break

    assert len(found) == len(set(found)) == page["total_count"] == dataset["record_count"]


def test_an_export_can_be_ordered_later_and_downloaded(service: DatasetService, dataset: Any) -> None:
    done = service.call("POST", f"/api/datasets/{dataset['dataset_id']}/export", json={"format": "json"})
    again = service.call("POST", f"/api/datasets/{dataset['dataset_id']}/export", json={"format": "json"})
    response = service.client.get(done["download_url"], params={"split": "train"})

    assert again["export_path"] == done["export_path"]
    assert response.headers["x-content-sha256"] == hashlib.sha256(response.content).hexdigest()
    assert len(json.loads(response.content)) == dataset["metadata"]["statistics"]["splits"]["train"]["records"]


def test_a_download_without_a_split_is_a_zip_of_the_whole_export(service: DatasetService, dataset: Any) -> None:
    url = f"/api/datasets/{dataset['dataset_id']}/download/parquet"
    one, two = service.client.get(url), service.client.get(url)

    assert one.headers["x-content-sha256"] == hashlib.sha256(one.content).hexdigest()
    assert one.content == two.content
    names = {Path(name).name for name in zipfile.ZipFile(io.BytesIO(one.content)).namelist()}
    assert {"train.parquet", "manifest.json", "README.md"} <= names


def test_who_only_asks_how_large_a_download_is_gets_no_byte_of_it(service: DatasetService, dataset: Any) -> None:
    url = f"/api/datasets/{dataset['dataset_id']}/download/parquet"
    whole, asked = service.client.get(url), service.client.head(url)
    part = service.client.head(url, headers={"Range": "bytes=0-9"})

    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("content-length", "etag", "accept-ranges", "x-content-sha256"):
        assert asked.headers[name] == whole.headers[name]
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
    assert service.client.head(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert service.client.head(f"{url}x").status_code == 422


def test_records_can_be_those_of_one_split(service: DatasetService, dataset: Any) -> None:
    url = f"/api/datasets/{dataset['dataset_id']}/records"
    splits = dataset["metadata"]["statistics"]["splits"]
    found = {name: service.call("GET", url, params={"split": name, "limit": 500}) for name in splits}
    everything = service.call("GET", url, params={"limit": 500})["records"]

    assert {name: page["total_count"] for name, page in found.items()} == {n: s["records"] for n, s in splits.items()}
    assert [each for name in ("train", "validation", "test") for each in found[name]["records"]] == everything
    service.call("GET", url, 422, params={"split": "dev"})


def test_datasets_can_be_listed_by_name_and_user(service: DatasetService, dataset: Any) -> None:
    def count(**filters: str) -> int:
        return int(service.call("GET", "/api/datasets", params=filters)["total_count"])

    assert count(name=dataset["name"][:5], created_by=dataset["created_by"]) >= 1
    assert count(name="gibt es nicht") == count(created_by="nobody") == 0


@pytest.mark.parametrize("query", [{"query_text": "   "}, {"query_text": "*", "filters": {"source": ["x" * 1001]}}])
def test_an_order_that_can_never_find_anything_is_refused_at_once(service: DatasetService, query: Any) -> None:
    service.call("POST", "/api/datasets", 422, json=an_order(search_query=query))


def test_a_download_can_be_fetched_in_ranges(service: DatasetService, dataset: Any) -> None:
    url = f"/api/datasets/{dataset['dataset_id']}/download/parquet"
    whole = service.client.get(url)
    tag, half = whole.headers["etag"], len(whole.content) // 2
    first = service.client.get(url, headers={"Range": f"bytes=0-{half - 1}"})
    second = service.client.get(url, headers={"Range": f"bytes={half}-", "If-Range": tag})
    beyond = service.client.get(url, headers={"Range": f"bytes={len(whole.content)}-"})

    assert tag == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    assert (first.status_code, second.status_code, beyond.status_code) == (206, 206, 416)
    assert (beyond.headers["content-type"], beyond.json()["status"]) == ("application/problem+json", 416)
    assert first.content + second.content == whole.content
    assert service.client.get(url, headers={"If-None-Match": tag}).status_code == 304
    sums = service.client.get(url, params={"file": "SHA256SUMS"}).text.splitlines()
    for line in sums:
        digest, _, name = line.partition("  ")
        assert hashlib.sha256(service.client.get(url, params={"file": name}).content).hexdigest() == digest
    assert service.client.get(url, params={"file": "../records/train.jsonl"}).status_code == 404


@pytest.mark.parametrize("export_format", ["parquet", "csv", "json", "huggingface"])
def test_every_download_is_of_a_type_that_the_description_names(
    service: DatasetService, dataset: Any, export_format: str
) -> None:
    service.call("POST", f"/api/datasets/{dataset['dataset_id']}/export", json={"format": export_format})
    paths = service.client.get("/openapi.json").json()["paths"]
    told = paths["/api/datasets/{dataset_id}/download/{export_format}"]["get"]["responses"]
    url = f"/api/datasets/{dataset['dataset_id']}/download/{export_format}"
    names = [
        line.partition("  ")[2] for line in service.client.get(url, params={"file": "SHA256SUMS"}).text.splitlines()
    ]
    assert len(names) > 2
    for query in ({}, {"file": "SHA256SUMS"}, *({"file": name} for name in names)):
        for status, headers in (("200", {}), ("206", {"Range": "bytes=0-1"})):
            answer = service.client.get(url, params=query, headers=headers)
            assert str(answer.status_code) == status
            assert answer.headers["content-type"].partition(";")[0] in told[status]["content"]


def test_metadata_can_be_left_out(service: DatasetService, dataset: Any) -> None:
    order = {"format": "jsonl", "include_metadata": False}
    done = service.call("POST", f"/api/datasets/{dataset['dataset_id']}/export", json=order)
    lines = (Path(done["export_path"]) / "train.jsonl").read_text(encoding="utf-8").splitlines()

    assert "metadata" not in json.loads(lines[0])


def test_a_dataset_of_nothing_fails_and_says_what_was_asked(service: DatasetService) -> None:
    dataset_id = service.create(search_query={"query_text": "Xylophonkonzert"})
    failed = service.finished(dataset_id)

    assert failed["status"] == "failed"
    assert "Nothing matched 'Xylophonkonzert'" in failed["error_message"]
    problem = service.call("POST", f"/api/datasets/{dataset_id}/export", 400, json={"format": "jsonl"})
    assert problem["code"] == "dataset_not_completed"
    service.call("GET", f"/api/datasets/{dataset_id}/records", 400)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/datasets/nope"),
        ("DELETE", "/api/datasets/nope"),
        ("GET", "/api/datasets/nope/statistics"),
        ("GET", "/api/datasets/nope/records"),
        ("GET", "/api/datasets/nope/download/jsonl"),
        ("GET", "/api/datasets/documents/nope"),
    ],
)
def test_what_does_not_exist_is_a_404(service: DatasetService, method: str, path: str) -> None:
    assert "nope" in service.call(method, path, 404)["detail"]


def test_an_export_of_what_does_not_exist_is_a_404(service: DatasetService) -> None:
    service.call("POST", "/api/datasets/nope/export", 404, json={"format": "jsonl"})


@pytest.mark.parametrize("dataset_id", ["..%2F..%2Fclara.db", "%2e%2e"])
def test_a_path_as_an_id_finds_nothing(service: DatasetService, dataset_id: str) -> None:
    assert service.client.get(f"/api/datasets/{dataset_id}/download/jsonl").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "ab"}, "name"),
        ({"name": "a/b/c"}, "name"),
        ({"nmae": "x"}, "nmae"),
        ({"search_query": {"query_text": ""}}, "search_query.query_text"),
        ({"search_query": {"query_text": "x", "top_k": 100_001}}, "search_query.top_k"),
        ({"search_query": {"query_text": "x", "min_quality_score": 1.1}}, "search_query.min_quality_score"),
        ({"search_query": {"query_text": "x", "search_types": ["magic"]}}, "search_query.search_types.0"),
        ({"search_query": {"query_text": "x", "filters": {"path": "y"}}}, "search_query.filters.path"),
        ({"split": {"train": 0.5, "validation": 0.1, "test": 0.1}}, "split"),
        ({"max_characters": 10}, "max_characters"),
    ],
)
def test_a_wrong_order_names_its_field(service: DatasetService, change: dict[str, Any], field: str) -> None:
    problem = service.call("POST", "/api/datasets", 422, json=an_order(**change))

    assert field in [error["field"] for error in problem["errors"]]


def test_an_unknown_export_format_names_the_nearest_one(service: DatasetService) -> None:
    problem = service.call("POST", "/api/datasets", 422, json=an_order(export_formats=["parket"]))

    assert "Did you mean 'parquet'?" in problem["detail"]


def test_the_first_defaults_of_the_contract_hold(service: DatasetService) -> None:
    created = service.call("POST", "/api/datasets", json={"name": "kurz", "search_query": {"query_text": "Gebühr"}})
    query = created["data"]["metadata"]["request"]["search_query"]

    assert (created["status"], query["top_k"], query["min_quality_score"]) == ("pending", 100, 0.5)
    service.finished(created["dataset_id"])


def test_a_dataset_can_be_deleted_with_its_files(service: DatasetService) -> None:
    made = service.finished(service.create())
    deleted = service.call("DELETE", f"/api/datasets/{made['dataset_id']}")

    assert deleted["success"] is True
    assert not Path(made["path"]).parents[1].exists()
    service.call("GET", f"/api/datasets/{made['dataset_id']}", 404)


def test_a_search_answers_with_sections_and_their_quality(service: DatasetService) -> None:
    answer = service.call("POST", "/api/datasets/search", json={"query_text": "Hundesteuer", "top_k": 3})

    assert 0 < len(answer["results"]) <= 3
    assert answer["results"][0]["relevance_score"] == 1.0
    assert "Hundesteuer" in answer["results"][0]["text"] + answer["results"][0]["title"]
    assert answer["results"][0]["quality_score"] > 0.5
    assert answer["results"][0]["lists"]["keyword"]["store"] == "embedded"
    assert answer["results"][0]["snippet"]


def test_the_pages_of_a_search_are_the_whole_search(service: DatasetService) -> None:
    query = {"query_text": "Hundesteuer", "top_k": 20, "min_quality_score": 0}
    whole = service.call("POST", "/api/datasets/search", json=query)
    first = service.call("POST", "/api/datasets/search", json={**query, "limit": 7})
    rest = service.call("POST", "/api/datasets/search", json={**query, "limit": 100, "after": first["next_after"]})

    assert [hit["rank"] for hit in whole["results"]] == list(range(1, 21))
    assert (whole["next_after"], rest["next_after"]) == (None, None)
    assert [hit["section_id"] for hit in first["results"] + rest["results"]] == [
        hit["section_id"] for hit in whole["results"]
    ]
    refused = service.call("POST", "/api/datasets/search", 422, json={**query, "query_text": "x", "after": "7-abc"})
    assert refused["code"] == "invalid_cursor"


def test_a_stream_sends_records_line_by_line(service: DatasetService) -> None:
    order = an_order(record_format="messages")
    with service.client.stream("POST", "/api/datasets/stream", json=order) as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        *records, last = [json.loads(line) for line in response.iter_lines()]

    assert len(records) == DOCUMENTS * 6 == last["end"]["records"]
    assert last["end"]["status"] == "complete"
    assert records[0].keys() >= {"messages", "metadata", "source", "quality_score", "document_id", "relevance_score"}


def test_a_stream_that_finds_nothing_is_empty(service: DatasetService) -> None:
    response = service.client.post("/api/datasets/stream", json=an_order(search_query={"query_text": "Xylophon"}))

    assert response.status_code == 200
    assert response.json()["end"]["records"] == 0


def test_a_stream_whose_reader_leaves_is_noted(service: DatasetService, home: Path) -> None:
    log, deadline = home.parent / "home.log", time.monotonic() + 20
    while "stream.cut" not in log.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, "nobody noted that the reader left"
        # a short stream may have been sent as a whole before its reader left
        with service.client.stream("POST", "/api/datasets/stream", json=an_order()) as response:
            next(response.iter_raw(chunk_size=10))
        time.sleep(0.05)


def test_an_upload_of_known_bytes_changes_nothing_and_bad_files_are_named(service: DatasetService) -> None:
    again = service.upload(3)["data"]
    bad = [
        ("files", ("kaputt.pdf", b"not a pdf", "application/pdf")),
        ("files", ("../../evil.md", b"# x\n\ntext", "text/markdown")),
    ]
    mixed = {"files": [*bad, *markdown_parts(1)], "data": {"source": "amt"}}
    failed = service.call("POST", "/api/datasets/upload", **mixed)["data"]["failed"]
    nothing = service.call("POST", "/api/datasets/upload", 422, files=bad)

    assert nothing["code"] == "nothing_taken_in"
    assert [each["path"] for each in nothing["failed"]] == [each["path"] for each in failed]
    assert (again["unchanged"], again["ingested"], again["failed"]) == (3, 0, [])
    assert {failure["path"] for failure in failed} == {"kaputt.pdf", "../../evil.md"}
    assert all(failure["reason"] for failure in failed)


def test_documents_are_listed_and_shown(service: DatasetService) -> None:
    page = service.call("GET", "/api/datasets/documents?source=amt&limit=5")
    shown = service.call("GET", f"/api/datasets/documents/{page['documents'][0]['document_id']}")

    assert page["total_count"] == DOCUMENTS
    assert len(page["documents"]) == 5
    assert shown == page["documents"][0]
    assert shown["section_count"] >= 6
