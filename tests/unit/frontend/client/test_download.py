"""A download is there whole and checked, or not at all."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontend.client import ClaraClient
from frontend.client.download import Downloaded, TargetNotWritable, announced_sha256, download
from frontend.client.errors import DownloadCorrupt, NotReachable, ServiceNotFound
from frontend.client.services import DATASETS
from frontend.client.transport import Timeouts, Transport
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


class _Breaking:
    """A service whose transfers break; it takes ranges, names the state of its file, and counts what it is asked.

    Args:
        pieces: How many bytes each answer brings before it breaks; then answers are whole.
    """

    def __init__(self, content: bytes, pieces: list[int], *, tag: str = '"state-1"') -> None:
        self.content, self.pieces, self.tag = content, pieces, tag
        self.asked: list[str | None] = []
        self.takes_ranges = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        wanted = headers.get("range")
        self.asked.append(wanted)
        is_range = bool(wanted) and self.takes_ranges and headers.get("if-range") == self.tag
        start = int(str(wanted).removeprefix("bytes=").removesuffix("-")) if is_range else 0
        body = self.content[start:]
        answer = {
            "etag": self.tag,
            "accept-ranges": "bytes",
            "content-length": str(len(body)),
            "x-content-sha256": hashlib.sha256(self.content).hexdigest(),
        }
        if is_range:
            answer["content-range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        encoded = [(name.encode(), value.encode()) for name, value in answer.items()]
        await send({"type": "http.response.start", "status": 206 if is_range else 200, "headers": encoded})
        if self.pieces:
            await send({"type": "http.response.body", "body": body[: self.pieces.pop(0)], "more_body": True})
            raise ConnectionResetError("the cable was pulled")
        await send({"type": "http.response.body", "body": body})


CONTENT = bytes(range(256)) * 4096


def _fetch(service: _Breaking, target: Path, waits: list[float]) -> Downloaded:
    with live_server(service) as url:
        transport = Transport(DATASETS, url, None, timeouts=Timeouts())
        try:
            return download(transport, "/x", target, sleep=waits.append)
        finally:
            transport.close()


def test_a_broken_transfer_goes_on_where_it_broke(tmp_path: Path) -> None:
    service, waits = _Breaking(CONTENT, [262_144, 196_608]), list[float]()
    fetched = _fetch(service, tmp_path / "x", waits)

    assert fetched.path.read_bytes() == CONTENT
    assert (fetched.is_verified, fetched.size_bytes) == (True, len(CONTENT))
    assert service.asked == [None, "bytes=262144-", "bytes=458752-"]
    assert len(waits) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_arrived_stays_for_another_process_when_nothing_more_comes(tmp_path: Path) -> None:
    with pytest.raises(NotReachable):
        _fetch(_Breaking(CONTENT, [393_216, 0, 0, 0]), tmp_path / "x", [])
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [393_216]
    later = _Breaking(CONTENT, [])
    fetched = _fetch(later, tmp_path / "x", [])

    assert later.asked == [None, "bytes=393216-"]
    assert fetched.path.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_another_state_of_the_file_begins_anew(tmp_path: Path) -> None:
    with pytest.raises(NotReachable):
        _fetch(_Breaking(CONTENT, [393_216, 0, 0, 0]), tmp_path / "x", [])
    other = _Breaking(CONTENT[::-1], [], tag='"state-2"')

    assert _fetch(other, tmp_path / "x", []).path.read_bytes() == CONTENT[::-1]
    assert other.asked == [None]


def test_a_service_that_forgot_ranges_sends_the_whole(tmp_path: Path) -> None:
    with pytest.raises(NotReachable):
        _fetch(_Breaking(CONTENT, [393_216, 0, 0, 0]), tmp_path / "x", [])
    stubborn = _Breaking(CONTENT, [])
    stubborn.takes_ranges = False

    assert _fetch(stubborn, tmp_path / "x", []).path.read_bytes() == CONTENT


def test_a_damaged_beginning_is_found_out_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(NotReachable):
        _fetch(_Breaking(CONTENT, [393_216, 0, 0, 0]), tmp_path / "x", [])
    (part,) = tmp_path.iterdir()
    part.write_bytes(b"!" + part.read_bytes()[1:])

    with pytest.raises(DownloadCorrupt):
        _fetch(_Breaking(CONTENT, []), tmp_path / "x", [])
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_place_of_the_beginning_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(NotReachable):
        _fetch(_Breaking(CONTENT, [393_216, 0, 0, 0]), tmp_path / "x", [])
    (part,) = tmp_path.iterdir()
    (tmp_path / "other").write_bytes(b"of somebody else")
    part.unlink()
    part.symlink_to(tmp_path / "other")

    assert _fetch(_Breaking(CONTENT, []), tmp_path / "x", []).path.read_bytes() == CONTENT
    assert (tmp_path / "other").read_bytes() == b"of somebody else"
