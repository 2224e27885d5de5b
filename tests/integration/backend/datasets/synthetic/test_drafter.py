"""Builds whose questions a real server writes: marked, limited, counted, and never asked twice, whoever dies."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.datasets.synthetic.endpoint import SyntheticFailed
from shared.models.dataset import Split
from tests.support.chat_server import ChatServer, chat_server, supported_reply
from tests.support.dataset_builds import all_records, records
from tests.support.synthetic_build import synthetic_build


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


def is_synthetic(record: dict[str, object]) -> bool:
    metadata = record["metadata"]
    assert isinstance(metadata, dict)
    return bool(metadata["origin"] == "synthetic")


def test_synthetic_records_are_marked_supported_and_in_train_only(server: ChatServer, tmp_path: Path) -> None:
    result = synthetic_build(server.url, tmp_path / "1", tmp_path / "cache")
    made = [each for each in all_records(result) if is_synthetic(each)]
    told = result.statistics["questions"]

    assert made
    for each in made:
        assert each["metadata"]["model"] == "pruefmodell"
        assert each["metadata"]["prompt_version"] == "qa-de-1"
        assert each["metadata"]["template"] == "synthetic_question"
        assert each["metadata"]["split"] == Split.TRAIN
        assert each["metadata"]["legal_basis"] in each["messages"][0]["content"]
    assert told["kept"] == len(made)
    assert told["asked"] == len(server.prompts) == told["kept"] + told["over_share"] + sum(told["rejected"].values())
    ids = [each["record_id"] for each in records(result, Split.TRAIN)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_there_are_never_more_than_the_share(server: ChatServer, share: float, tmp_path: Path) -> None:
    result = synthetic_build(server.url, tmp_path / "1", tmp_path / "cache", share=share, documents=40)
    train = records(result, Split.TRAIN)
    found = sum(map(is_synthetic, train)) / len(train)

    assert 0.6 * share <= found <= share


def test_what_was_asked_is_not_asked_again_and_gives_the_same_records(server: ChatServer, tmp_path: Path) -> None:
    one = synthetic_build(server.url, tmp_path / "1", tmp_path / "cache", concurrency=1)
    asked = server.requests
    again = synthetic_build(server.url, tmp_path / "2", tmp_path / "cache", concurrency=8)

    assert server.requests == asked
    assert again.content_sha256 == one.content_sha256
    assert again.statistics["questions"]["from_cache"] == one.statistics["questions"]["asked"] == asked


def test_requests_are_made_at_once_but_never_more_than_configured(server: ChatServer, tmp_path: Path) -> None:
    server.delay_s = 0.02
    synthetic_build(server.url, tmp_path / "1", tmp_path / "cache", concurrency=3)

    assert 1 < server.most_at_once <= 3


def test_a_build_that_was_killed_asks_only_for_what_was_under_way(server: ChatServer, tmp_path: Path) -> None:
    whole = synthetic_build(server.url, tmp_path / "whole", tmp_path / "other-cache")
    needed = set(server.prompts)
    server.prompts.clear()
    server.delay_s = 0.05
    for attempt, wanted in enumerate((5, 14)):
        child = _started(server, tmp_path / f"killed-{attempt}", tmp_path / "cache")
        deadline = time.monotonic() + 30
        while len(server.prompts) < wanted and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    server.delay_s = 0.0
    resumed = synthetic_build(server.url, tmp_path / "resumed", tmp_path / "cache")
    times = Counter(server.prompts)

    assert resumed.content_sha256 == whole.content_sha256
    assert set(times) == needed
    assert max(times.values()) <= 3
    assert sum(times.values()) - len(times) <= 2 * 3  # two kills, three requests under way at most


def test_rejected_replies_are_counted_by_their_reason(server: ChatServer, tmp_path: Path) -> None:
    replies = iter(range(10_000))

    def reply(prompt: str) -> str:
        number = next(replies)
        supported = json.loads(supported_reply(prompt).partition("\n")[2].strip("`json\n"))
        changed = {0: {"quote": "Das steht hier ganz gewiss nirgends."}, 1: {"question": "Ohne Fragezeichen am Ende"}}
        return "Das kann ich nicht." if number % 4 == 2 else json.dumps({**supported, **changed.get(number % 4, {})})

    server.reply = reply
    told = synthetic_build(server.url, tmp_path / "1", tmp_path / "cache", concurrency=1).statistics["questions"]

    assert set(told["rejected"]) == {"quote_not_found", "no_question", "no_json"}
    assert min(told["rejected"].values()) >= 5
    assert told["kept"] > 0


def test_a_refused_request_costs_its_record_only(server: ChatServer, tmp_path: Path) -> None:
    server.failures = [400, 429, 0, 500]
    told = synthetic_build(server.url, tmp_path / "1", tmp_path / "cache").statistics["questions"]

    assert told["rejected"] == {"refused_by_endpoint": 1}


def test_an_endpoint_that_does_not_answer_ends_the_build_and_leaves_nothing(server: ChatServer, tmp_path: Path) -> None:
    server.failures = [500] * 1000

    with pytest.raises(SyntheticFailed, match="it answered 500"):
        synthetic_build(server.url, tmp_path / "1", tmp_path / "cache")
    assert not any((tmp_path / "1").iterdir())


def _started(server: ChatServer, folder: Path, cache: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.support.synthetic_build", server.url, str(folder), str(cache)]
    return subprocess.Popen(command)
