"""Uploads against a real server: portions, repeats, failures."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from frontend.client import ClaraClient
from frontend.client.documents import UploadProgress
from frontend.client.local_files import find_files
from tests.support.contract_app import ContractState, contract_app
from tests.support.live_server import live_server


@pytest.fixture
def state() -> ContractState:
    return ContractState()


@pytest.fixture
def client(state: ContractState) -> Iterator[ClaraClient]:
    with live_server(contract_app(state)) as url, ClaraClient(url, url, url) as client:
        yield client


@pytest.fixture
def laws(tmp_path: Path) -> Path:
    folder = tmp_path / "laws"
    (folder / "Bürgerliches Recht").mkdir(parents=True)
    for n in range(7):
        (folder / "Bürgerliches Recht" / f"§ {n}.md").write_text(f"Absatz {n} " * 100, encoding="utf-8")
    return folder


def test_files_arrive_in_portions_under_their_relative_names(
    client: ClaraClient, state: ContractState, laws: Path
) -> None:
    steps: list[UploadProgress] = []
    result = client.documents.upload(find_files([laws]), max_files=3, on_progress=steps.append)
    assert (result.ingested, result.files_done, result.failed) == (7, 7, ())
    assert [step.files_done for step in steps] == [3, 6, 7]
    assert steps[-1].bytes_done == result.bytes_total == sum(f.size_bytes for f in find_files([laws]))
    assert [len(names) for names in state.uploads] == [3, 3, 1]
    assert ("laws", "Bürgerliches Recht/§ 0.md") in state.documents


def test_sending_again_changes_nothing_and_changed_bytes_are_a_new_version(client: ClaraClient, laws: Path) -> None:
    client.documents.upload(find_files([laws]))
    again = client.documents.upload(find_files([laws]))
    assert (again.ingested, again.unchanged, again.new_versions) == (0, 7, 0)
    (laws / "Bürgerliches Recht" / "§ 3.md").write_text("neu", encoding="utf-8")
    changed = client.documents.upload(find_files([laws]))
    assert (changed.ingested, changed.unchanged, changed.new_versions) == (0, 6, 1)


def test_a_file_that_cannot_be_opened_is_reported_and_the_rest_goes_in(client: ClaraClient, laws: Path) -> None:
    files = find_files([laws])
    files[2].path.unlink()
    result = client.documents.upload(files)
    assert (result.ingested, result.files_done) == (6, 7)
    assert [(f.path, f.reason) for f in result.failed] == [("Bürgerliches Recht/§ 2.md", "No such file or directory")]


def test_a_request_that_is_too_large_is_halved_until_the_one_file_is_known(
    client: ClaraClient, state: ContractState, laws: Path
) -> None:
    (laws / "huge.md").write_bytes(b"x" * 50_000)
    state.max_request_bytes = 20_000
    result = client.documents.upload(find_files([laws]))
    assert result.ingested == 7
    assert [failure.path for failure in result.failed] == ["huge.md"]


def test_requests_of_which_nothing_could_be_read_do_not_end_the_upload(
    client: ClaraClient, state: ContractState, laws: Path
) -> None:
    state.unreadable = frozenset(f"Bürgerliches Recht/§ {n}.md" for n in range(3))
    result = client.documents.upload(find_files([laws]), max_files=3)
    assert (result.ingested, result.files_done) == (4, 7)
    assert {failure.path for failure in result.failed} == state.unreadable
    assert {failure.reason for failure in result.failed} == {"it is not a PDF"}


def test_a_connection_that_breaks_in_an_upload_is_tried_again_with_whole_files(laws: Path) -> None:
    bodies: list[bytes] = []

    def break_once(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        if len(bodies) == 1:
            raise httpx.WriteError("broken pipe", request=request)
        return httpx.Response(200, json={"success": True, "data": {"ingested": 7}})

    url = "http://datasets.test"
    client = ClaraClient(url, url, url, http=httpx.MockTransport(break_once))
    assert client.documents.upload(find_files([laws])).ingested == 7
    assert len(bodies[0]) == len(bodies[1])
    assert bodies[1].count(b"Absatz 3 ") == 100


def test_documents_are_walked_page_by_page(client: ClaraClient, laws: Path) -> None:
    client.documents.upload(find_files([laws]))
    names = [document.path for document in client.documents.iterate(source="laws", page_size=2)]
    assert names == [f"Bürgerliches Recht/§ {n}.md" for n in range(7)]
