"""The report of a real build: over HTTP, through the client, and on the command line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontend.client import ClaraClient
from tests.support.cli import Clara
from tests.support.dataset_service import DatasetService, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatasetService]:
    with running_service(tmp_path_factory.mktemp("reports") / "home") as service:
        service.upload(20)
        yield service


@pytest.fixture(scope="module")
def dataset(service: DatasetService) -> Any:
    dataset = service.finished(service.create())
    assert dataset["status"] == "completed", dataset["error_message"]
    return dataset


def _url(dataset: Any, rest: str) -> str:
    return f"/api/datasets/{dataset['dataset_id']}/{rest}"


@pytest.mark.parametrize(("language", "word"), [("de", "Datensatzbericht"), ("en", "dataset report")])
def test_the_report_is_a_page_that_may_only_be_drawn(
    service: DatasetService, dataset: Any, language: str, word: str
) -> None:
    answer = service.client.get(_url(dataset, "report"), params={"language": language})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert word in answer.text
    assert dataset["content_sha256"] in answer.text


def test_pictures_are_png_and_unknown_ones_are_refused(service: DatasetService, dataset: Any) -> None:
    picture = service.client.get(_url(dataset, "report/lengths.png"))

    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    service.call("GET", _url(dataset, "report/..%2Frecords.png"), 404)
    service.call("GET", _url(dataset, "report/secrets.png"), 422)
    service.call("GET", _url(dataset, "report?language=fr"), 422)
    # no policy, no findings, no picture of them
    service.call("GET", _url(dataset, "report/personal_data.png"), 404)
    service.call("GET", "/api/datasets/dataset_none/report", 404)


def test_statistics_tell_all_of_it_and_the_list_does_without_the_texts(service: DatasetService, dataset: Any) -> None:
    told = service.call("GET", _url(dataset, "statistics"))["statistics"]

    assert told.keys() >= {
        "records", "documents", "tokens", "splits", "sources", "types", "years", "languages", "characters", "quality",
        "sections", "duplicates", "personal_data", "contamination", "split_leak", "split_strata", "samples",
        "templates", "synthetic",
    }  # fmt: skip
    assert told["characters"]["quantiles"].keys() >= {"p5", "p50", "p95"}
    assert 3 <= len(told["samples"]) <= 9
    assert "samples" not in dataset["metadata"]["statistics"]
    assert service.call("GET", _url(dataset, "card"))["statistics"]["records"] == told["records"]


def test_the_client_saves_page_and_pictures(service: DatasetService, dataset: Any, tmp_path: Path) -> None:
    url = str(service.client.base_url).rstrip("/")
    with ClaraClient(url, url, url) as client:
        page = client.dataset_reports.page(dataset["dataset_id"], tmp_path / "a.html", language="en")
        pictures = client.dataset_reports.pictures(dataset["dataset_id"], tmp_path / "pictures")

    assert "CLARA dataset report" in page.read_text(encoding="utf-8")
    assert {picture.name for picture in pictures} >= {"lengths.png", "quality.png", "sources.png"}


def test_the_command_line_shows_figures_and_saves_the_report(
    service: DatasetService, dataset: Any, tmp_path: Path
) -> None:
    clara = Clara(str(service.client.base_url).rstrip("/"))
    shown = clara("datasets", "stats", dataset["dataset_id"]).stdout
    target = tmp_path / "report.html"
    saved = clara.json("datasets", "report", dataset["dataset_id"], "-o", str(target), "--png", str(tmp_path / "png"))

    assert "split leak" in shown
    assert "0 / 0 / 0" in shown
    assert saved["page"] == str(target)
    assert "CLARA" in target.read_text(encoding="utf-8")
    assert len(saved["pictures"]) == len(list((tmp_path / "png").iterdir())) >= 5
    assert clara("datasets", "report", dataset["dataset_id"], "--language", "fr").exit_code == 2
