"""Quality reviews over HTTP, on the real service: the list, rulings, roles."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from backend.common.security import security_from
from config.testing import TestingConfig
from shared.auth.local_issuer import issue_test_token
from shared.database.stores import open_stores
from tests.support.dataset_service import DatasetService, running_service

SHORT = ("Es gilt das im Amt.", "Dies ist kurz und gut.", "Der Rat tagt im Mai.")
LONG = " ".join(
    f"Die Gemeinde erteilt die Erlaubnis Nummer {number}, wenn der Antrag bis zum {number}. Mai gestellt ist."
    for number in range(1, 29)
)
REJECTED = " ".join(f"{number}.{number * 7},00" for number in range(80))
PROFILE = """
name: short-texts
version: 3
description: Short texts are doubted, figures rejected.
review_below: 0.9
limits:
  - {signal: digit_share, at_most: {soft: 0.1, hard: 0.3}, reason: many_digits}
  - {signal: words, at_least: {soft: 8, hard: 3}, reason: stub}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service")
    (folder / "profile.yaml").write_text(PROFILE, encoding="utf-8")
    return folder / "home"


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[DatasetService]:
    with running_service(home, settings(home)) as service:
        service.client.headers.update(headers(home, "analyst"))
        sections = "\n\n".join(
            f"## § {number} Satz\n\n{text}" for number, text in enumerate((*SHORT, LONG, REJECTED), start=1)
        )
        part = ("satzung.md", f"# Satzung\n\n{sections}\n".encode(), "text/markdown")
        service.call("POST", "/api/datasets/upload", files=[("files", part)])
        run_quality(home)
        yield service


def settings(home: Path) -> Mapping[str, str]:
    return {
        "CLARA_ENVIRONMENT": "testing",
        "CLARA_SECURITY_MODE": "testing",
        "CLARA_QUALITY_WORKERS": "1",
        "CLARA_QUALITY_PROFILE": str(home.parent / "profile.yaml"),
    }


def headers(home: Path, *roles: str) -> Mapping[str, str]:
    config = security_from(TestingConfig(home=home))
    return {"Authorization": f"Bearer {issue_test_token(config, roles=roles, email='anna@amt.example')}"}


def run_quality(home: Path) -> None:
    environment = {**os.environ, **settings(home), "CLARA_HOME": str(home)}
    command = [sys.executable, "-m", "backend.datasets.curation", "run"]
    subprocess.run(command, env=environment, check=True, capture_output=True)


def listed(service: DatasetService, **params: Any) -> Any:
    return service.call("GET", "/api/quality/reviews", params=params)


def section_id(service: DatasetService, ordinal: int) -> str:
    (document,) = service.call("GET", "/api/datasets/documents")["documents"]
    return f"{document['document_id']}:1:{ordinal}"


def audited(home: Path, text_key: str) -> list[tuple[str, str, str]]:
    stores = open_stores(TestingConfig(home=home).database_url_resolved, derived_stores=())
    try:
        entries = [entry for _, entry in stores.audit.page(object_id=text_key)]
    finally:
        stores.close()
    return [(entry.action, entry.actor, entry.detail["state"]) for entry in entries]


def test_what_is_doubtful_is_listed_page_by_page_the_worst_first(service: DatasetService) -> None:
    first = listed(service, limit=2)
    second = listed(service, limit=2, after=first["next_after"])
    reviews = [*first["reviews"], *second["reviews"]]

    assert (first["total_count"], second["next_after"]) == (3, None)
    assert {each["text"] for each in reviews} == set(SHORT)
    assert [each["score"] for each in reviews] == sorted(each["score"] for each in reviews)
    (shown,) = [each for each in reviews if each["text"] == SHORT[1]]
    assert (shown["title"], shown["number"], shown["heading"]) == ("Satzung", "§ 2", "Satz")
    assert (shown["state"], shown["decided_by"], shown["decided_at"], shown["note"]) == ("open", None, None, "")
    assert shown["profile_version"].startswith("short-texts-3+")
    assert shown["section_id"] == section_id(service, 1)
    assert shown["reasons"] == ["words"]
    assert listed(service, reason="words")["total_count"] == 3
    assert listed(service, reason="no_such_signal")["reviews"] == []


def test_a_ruling_is_recorded_and_a_later_run_does_not_ask_again(service: DatasetService, home: Path) -> None:
    key = next(each["text_key"] for each in listed(service)["reviews"] if each["text"] == SHORT[0])
    done = service.call("POST", f"/api/quality/reviews/{key}", json={"state": "kept", "note": "Verweis"})

    assert done["message"] == f"Text {key} is kept."
    assert (done["data"]["state"], done["data"]["note"]) == ("kept", "Verweis")
    assert (done["data"]["decided_by"], done["data"]["decided_at"] is None) == ("anna@amt.example", False)
    assert service.call("GET", f"/api/quality/reviews/{key}") == done["data"]
    assert audited(home, key) == [("quality.ruled", "anna@amt.example", "kept")]
    run_quality(home)
    assert key not in [each["text_key"] for each in listed(service)["reviews"]]
    assert [each["text_key"] for each in listed(service, state="kept")["reviews"]] == [key]


def test_a_section_that_a_rule_rejects_can_be_kept(service: DatasetService) -> None:
    body = {"section_id": section_id(service, 4), "state": "kept", "note": "Gebührentabelle"}
    ruled = service.call("POST", "/api/quality/rulings", json=body)["data"]

    assert (ruled["number"], ruled["state"], ruled["reasons"]) == ("§ 5", "kept", ["many_digits"])
    assert service.call("GET", f"/api/quality/reviews/{ruled['text_key']}") == ruled


def test_lists_cut_long_texts_and_a_single_review_does_not(service: DatasetService) -> None:
    body = {"section_id": section_id(service, 3), "state": "rejected"}
    ruled = service.call("POST", "/api/quality/rulings", json=body)["data"]

    assert ruled["text"] == LONG
    (shown,) = listed(service, state="rejected")["reviews"]
    assert shown == {**ruled, "text": LONG[:500]}


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/api/quality/reviews/nope", None, "review_not_found"),
        ("POST", "/api/quality/reviews/nope", {"state": "kept"}, "review_not_found"),
        ("GET", "/api/quality/reviews?after=nope", None, "review_not_found"),
        ("POST", "/api/quality/rulings", {"section_id": "nope", "state": "kept"}, "section_not_found"),
        ("POST", "/api/quality/rulings", {"section_id": "nope:1:0", "state": "kept"}, "section_not_found"),
    ],
)
def test_what_nobody_knows_is_a_404(
    service: DatasetService, method: str, path: str, body: dict[str, str] | None, code: str
) -> None:
    problem = service.call(method, path, 404, json=body)

    assert (problem["code"], "nope" in problem["detail"]) == (code, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/api/quality/reviews/nope", {"state": "open"}, "state"),
        ("POST", "/api/quality/reviews/nope", {"state": "kept", "nte": "x"}, "nte"),
        ("POST", "/api/quality/reviews/nope", {"state": "kept", "note": "x" * 2001}, "note"),
        ("POST", "/api/quality/rulings", {"state": "kept"}, "section_id"),
        ("GET", "/api/quality/reviews?state=maybe", None, "state"),
        ("GET", "/api/quality/reviews?limit=501", None, "limit"),
        ("GET", "/api/quality/reviews?cursor=zzz", None, "cursor"),
    ],
)
def test_a_wrong_order_names_its_field(
    service: DatasetService, method: str, path: str, body: dict[str, str] | None, field: str
) -> None:
    problem = service.call(method, path, 422, json=body)

    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/quality/reviews"),
        ("GET", "/api/quality/reviews/nope"),
        ("POST", "/api/quality/reviews/nope"),
        ("POST", "/api/quality/rulings"),
    ],
)
def test_texts_are_for_people_with_a_role(service: DatasetService, home: Path, method: str, path: str) -> None:
    body = {"state": "kept", "section_id": "nope"} if path.endswith("rulings") else {"state": "kept"}
    order = {"json": body} if method == "POST" else {}

    service.call(method, path, 401, headers={"Authorization": ""}, **order)
    assert service.call(method, path, 403, headers=headers(home, "visitor"), **order)["code"]
    expected = 200 if path.endswith("/reviews") else 404
    for role in ("admin", "trainer", "analyst"):
        service.call(method, path, expected, headers=headers(home, role), **order)
