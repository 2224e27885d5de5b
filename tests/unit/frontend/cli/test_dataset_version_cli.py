"""`clara datasets versions`, `diff`, `events`, `cancel`, `withdraw` and `erased` against the real routes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Clara
from tests.support.live_versions import Versions, live_versions


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Versions]:
    with live_versions(tmp_path) as service:
        yield service


@pytest.fixture
def clara(service: Versions) -> Clara:
    return Clara(service.url)


def test_versions_are_listed_with_what_is_to_be_known_of_them(clara: Clara, service: Versions) -> None:
    first = service.built(1, 2)
    service.built(2, 3, first)
    clara("datasets", "withdraw", first.dataset_id, "--reason", "Einwilligung fehlt", "--yes")
    shown = clara("datasets", "versions", first.dataset_id)

    assert shown.exit_code == 0
    assert "withdrawn: Einwilligung fehlt" in shown.stdout
    listed = clara.json("datasets", "versions", first.dataset_id, "--limit", "1")
    assert (listed["line"], listed["total_count"], len(listed["versions"])) == (first.dataset_id, 2, 1)


def test_a_diff_tells_counts_and_changes(clara: Clara, service: Versions) -> None:
    first = service.built(1, 2)
    second = service.built(2, 3, first)
    shown = clara("datasets", "diff", second.dataset_id, "--of", "documents")

    assert shown.exit_code == 0, shown.output
    for part in ("Version 2", "version 1", "documents", "records", "added", "satzungen/2.md"):
        assert part in shown.stdout
    diff = clara.json("datasets", "diff", second.dataset_id, "--limit", "2")
    assert diff["counts"]["documents"]["added"] == 1
    assert len(diff["changes"]) == 2
    back = clara.json("datasets", "diff", first.dataset_id, "--against", second.dataset_id, "--change", "removed")
    assert {each["change"] for each in back["changes"]} == {"removed"}


def test_what_cannot_be_compared_is_refused(clara: Clara, service: Versions) -> None:
    first = service.built(1, 2)

    assert clara("datasets", "diff", first.dataset_id).exit_code == 2
    assert clara("datasets", "diff", first.dataset_id, "--of", "pages").exit_code == 2
    assert clara("datasets", "diff", "dataset_0").exit_code == 4


def test_events_are_told_and_followed(clara: Clara, service: Versions) -> None:
    version = service.built(1, 2)
    shown = clara("datasets", "events", version.dataset_id)

    assert "pending" in shown.stdout
    lines = clara.json_lines("datasets", "events", version.dataset_id, "--follow")
    assert [each["seq"] for each in lines] == [1, 2, 3]
    assert lines[-1]["payload"]["status"] == "completed"
    assert "completed" in clara("datasets", "events", version.dataset_id, "--follow", "--after", "2").stdout


def test_a_build_is_cancelled_once(clara: Clara, service: Versions) -> None:
    waiting = service.waiting(1)
    shown = clara("datasets", "cancel", waiting.dataset_id)

    assert (shown.exit_code, "is cancelled" in shown.stdout) == (0, True)
    assert clara("datasets", "cancel", waiting.dataset_id).exit_code == 5


def test_withdrawing_needs_a_yes_and_a_reason(clara: Clara, service: Versions) -> None:
    version = service.built(1, 2)

    assert clara("datasets", "withdraw", version.dataset_id, "--reason", "Grund genug").exit_code == 2
    assert clara("datasets", "withdraw", version.dataset_id, "--yes").exit_code == 2
    done = clara.json("datasets", "withdraw", version.dataset_id, "--reason", "Grund genug", "--yes")
    assert done["data"]["withdrawn_reason"] == "Grund genug"


def test_versions_that_hold_erased_documents_are_listed(clara: Clara) -> None:
    assert "No version holds" in clara("datasets", "erased").stdout
    assert clara.json("datasets", "erased") == {"versions": [], "total_count": 0}


@pytest.mark.parametrize("name", ["versions", "diff", "events", "cancel", "withdraw", "erased"])
def test_every_command_explains_itself_with_an_example(clara: Clara, name: str) -> None:
    assert f"clara datasets {name}" in clara("datasets", name, "--help").stdout
