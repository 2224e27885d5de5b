"""Versions and events through the typed client, against the real routes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.client import ClaraClient
from frontend.client.errors import ServiceConflict, ServiceNotFound
from shared.models.dataset import DatasetStatus
from tests.support.live_versions import Versions, live_versions


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Versions]:
    with live_versions(tmp_path) as service:
        yield service


@pytest.fixture
def client(service: Versions) -> Iterator[ClaraClient]:
    with ClaraClient(service.url, service.url, service.url) as client:
        yield client


def test_the_pages_of_a_line_are_all_of_it(service: Versions, client: ClaraClient) -> None:
    first = service.built(1, 2)
    second = service.built(2, 3, first)
    service.built(3, 3, second)

    assert [each.version for each in client.versions.iterate(first.dataset_id, page_size=2)] == [3, 2, 1]
    assert client.versions.page(second.dataset_id, limit=1).total_count == 3


def test_changes_are_fetched_page_by_page(service: Versions, client: ClaraClient) -> None:
    first = service.built(1, 2)
    second = service.built(2, 4, first)
    diff = client.versions.diff(second.dataset_id)
    changes = list(client.versions.changes(second.dataset_id, page_size=3))

    assert diff.counts["documents"] == {"added": 2, "removed": 0, "changed": 0, "unchanged": 2}
    assert len(changes) == diff.counts["records"]["added"]
    assert {each.change for each in changes} == {"added"}
    documents = list(client.versions.changes(first.dataset_id, second.dataset_id, of="documents", change="removed"))
    assert len(documents) == 2
    assert documents[0].before is not None


def test_a_build_is_followed_to_its_end(service: Versions, client: ClaraClient) -> None:
    waiting = service.waiting(1)
    events = client.versions.follow_events(waiting.dataset_id, sleep=lambda _: None)
    assert next(events).payload == {"status": "pending"}
    done = client.versions.cancel(waiting.dataset_id)

    assert done.data.status is DatasetStatus.FAILED
    assert [(each.seq, each.payload["reason"]) for each in events] == [(2, "cancelled")]
    with pytest.raises(ServiceConflict):
        client.versions.cancel(waiting.dataset_id)


def test_a_version_is_withdrawn_with_its_reason(service: Versions, client: ClaraClient) -> None:
    version = service.built(1, 2)
    done = client.versions.withdraw(version.dataset_id, "Einwilligung fehlt")

    assert done.data.withdrawn_reason == "Einwilligung fehlt"
    assert next(client.versions.iterate(version.dataset_id)).withdrawn_reason == "Einwilligung fehlt"
    with pytest.raises(ServiceConflict):
        client.versions.withdraw(service.waiting(2).dataset_id, "zu früh")
    with pytest.raises(ServiceNotFound):
        client.versions.page("dataset_0")


def test_without_erased_documents_no_version_holds_any(service: Versions, client: ClaraClient) -> None:
    service.built(1, 2)

    assert list(client.versions.iterate_holding_erased()) == []
