"""Tokenised once, found again, never trusted blindly, never without bound."""

import os
import time
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerBase

from backend.training.formats.token_cache import TokenCache, token_key
from backend.training.formats.tokenizing import TokenizedFile, tokenize_file
from backend.training.formats.validation import InvalidRecords
from shared.storage import STAGE_PREFIX
from tests.support.training_runs import write_jsonl


@pytest.fixture
def cache(tmp_path: Path) -> TokenCache:
    return TokenCache(tmp_path / "cache", limit_mb=10)


def records(tmp_path: Path, text: str = "Die Frist") -> Path:
    return write_jsonl(tmp_path / "r.jsonl", [{"text": f"{text} {number}"} for number in range(20)])


def tokenized(path: Path, tokenizer: PreTrainedTokenizerBase, cache: TokenCache) -> TokenizedFile:
    return tokenize_file(path, tokenizer, path.parent, "unused", cache=cache)


def never(_: Path) -> None:
    pytest.fail("it was there already")


def test_the_second_time_nothing_is_tokenised(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase, cache: TokenCache
) -> None:
    path = records(tmp_path)
    first, second = (tokenized(path, shared_tokenizer, cache) for _ in range(2))
    cache.found_or_made(path, shared_tokenizer, never)
    assert (first.records.ids == second.records.ids).all()
    assert (first.groups == second.groups).all()
    assert (first.shape, first.lines.tolist()) == (second.shape, second.lines.tolist())
    assert not (tmp_path / "unused").exists()


def test_the_key_is_content_kind_tokenizer_and_template(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase
) -> None:
    path = records(tmp_path)
    moved = tmp_path / "moved.jsonl"
    moved.write_bytes(path.read_bytes())
    key = token_key(path, shared_tokenizer)
    assert token_key(moved, shared_tokenizer) == key
    template = shared_tokenizer.chat_template
    try:
        shared_tokenizer.chat_template = f"{template} "
        assert token_key(path, shared_tokenizer) != key
    finally:
        shared_tokenizer.chat_template = template
    assert token_key(records(tmp_path, "Der Bescheid"), shared_tokenizer) != key


def test_a_damaged_entry_is_made_again(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase, cache: TokenCache
) -> None:
    path = records(tmp_path)
    before = tokenized(path, shared_tokenizer, cache).records.ids.tolist()
    (file,) = cache.folder.glob("*/tokens.ids.bin")
    file.write_bytes(bytes(file.stat().st_size))
    assert tokenized(path, shared_tokenizer, cache).records.ids.tolist() == before


def test_bad_records_leave_nothing_behind(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase, cache: TokenCache
) -> None:
    path = write_jsonl(tmp_path / "r.jsonl", [{"text": "gut"}, {"text": ""}])
    with pytest.raises(InvalidRecords):
        tokenized(path, shared_tokenizer, cache)
    assert list(cache.folder.iterdir()) == []


def test_what_was_used_least_recently_goes_first(tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase) -> None:
    cache = TokenCache(tmp_path / "cache", limit_mb=10)
    folders = []
    for number in range(3):
        path = records(tmp_path, f"Satz {number}")
        folders.append(cache.found_or_made(path, shared_tokenizer, lambda folder: _fill(folder, 4)))
        os.utime(folders[-1], (number, number))
    assert [folder.exists() for folder in folders] == [False, True, True]


def test_the_work_of_others_stays_and_that_of_the_dead_goes(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase, cache: TokenCache
) -> None:
    alive, dead = cache.folder / f"{STAGE_PREFIX}a", cache.folder / f"{STAGE_PREFIX}b"
    for folder in (alive, dead):
        folder.mkdir(parents=True)
    os.utime(dead, (time.time() - 100_000,) * 2)
    tokenized(records(tmp_path), shared_tokenizer, cache)
    assert (alive.exists(), dead.exists()) == (True, False)


def _fill(folder: Path, mib: int) -> None:
    (folder / "tokens.bin").write_bytes(bytes(mib << 20))
