"""A download is there whole and checked, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.client import ClaraClient
from frontend.client.download import TargetNotWritable, announced_sha256
from frontend.client.errors import DownloadCorrupt, ServiceNotFound
from tests.support.contract_app import ContractState, contract_app, dataset
from tests.support.live_server import live_server

DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
AS_FIELD = "sha-256=:LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=:"


@pytest.fixture
def state() -> ContractState:
    return ContractState(datasets={"ds_1": dataset("ds_1")})


@pytest.fixture
def client(state: ContractState) -> Iterator[ClaraClient]:
    with live_server(contract_app(state)) as url, ClaraClient(url, url, url) as client:
        yield client


def test_a_download_is_streamed_checked_and_named_without_leaving_the_folder(
    client: ClaraClient, tmp_path: Path
) -> None:
    seen: list[tuple[int, int | None]] = []
    fetched = client.datasets.download("ds_1", "jsonl", tmp_path, on_bytes=lambda *args: seen.append(args))
    assert fetched.path == tmp_path / "ds_1.jsonl"
    assert fetched.is_verified
    assert fetched.size_bytes == fetched.path.stat().st_size == seen[-1][0] == seen[-1][1]
    assert list(tmp_path.iterdir()) == [fetched.path]


def test_damaged_bytes_leave_the_older_file_as_it_was(
    client: ClaraClient, state: ContractState, tmp_path: Path
) -> None:
    target = tmp_path / "mine.jsonl"
    target.write_text("older")
    state.damage = b"!"
    with pytest.raises(DownloadCorrupt):
        client.datasets.download("ds_1", "jsonl", target)
    assert target.read_text() == "older"
    assert list(tmp_path.iterdir()) == [target]


def test_a_target_that_cannot_be_written_is_named(client: ClaraClient, tmp_path: Path) -> None:
    with pytest.raises(TargetNotWritable, match=r"missing.x\.jsonl"):
        client.datasets.download("ds_1", "jsonl", tmp_path / "missing" / "x.jsonl")


def test_an_error_answer_is_never_saved_as_a_file(client: ClaraClient, tmp_path: Path) -> None:
    with pytest.raises(ServiceNotFound):
        client.jobs.loss_curve("../../nothing", tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-content-sha256": DIGEST.upper()}, DIGEST),
        ({"repr-digest": AS_FIELD}, DIGEST),
        ({"content-digest": f"sha-512=:AAAA:, {AS_FIELD}"}, DIGEST),
        ({"repr-digest": "sha-256=:???:"}, None),
    ],
)
def test_announced_digests_are_understood_in_every_spelling(headers: dict[str, str], expected: str | None) -> None:
    assert announced_sha256(headers) == expected
