"""Tokenised records on disk."""

from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerBase

from backend.training.formats.tokenizing import fitting_length, group_id, group_numbers, tokenize_file, truncate_file
from backend.training.formats.validation import EmptyData, InvalidRecords
from backend.training.utils.token_store import TokenWriter, open_tokens
from tests.support.training_runs import write_jsonl


def written(folder: Path, *records: tuple[list[int], list[int]]) -> None:
    with TokenWriter(folder, "x") as writer:
        for ids, mask in records:
            writer.add(ids, mask)


def test_a_file_becomes_tokens_with_lines_and_groups(tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase) -> None:
    records = [
        {"text": "Die Frist gilt", "document_id": "doc_1"},
        {"text": "Der Kreis", "metadata": {"document_id": "doc_1"}},
        {"text": "Andere Gebühr", "document_id": "doc_2"},
    ]
    file = tokenize_file(write_jsonl(tmp_path / "a.jsonl", records), shared_tokenizer, tmp_path, "a")
    assert (file.shape, file.lines.tolist()) == ("text", [1, 2, 3])
    assert file.groups[0] == file.groups[1] != file.groups[2]
    assert file.records[0][0].tolist() == [
        *shared_tokenizer.backend_tokenizer.encode("Die Frist gilt").ids,
        shared_tokenizer.eos_token_id,
    ]


def test_rows_that_train_no_token_after_truncation_are_refused_by_line(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase
) -> None:
    records = [{"prompt": "kurz", "completion": "ja"}, {"prompt": "Frist " * 40, "completion": "nein"}]
    file = tokenize_file(write_jsonl(tmp_path / "a.jsonl", records), shared_tokenizer, tmp_path, "a")
    with pytest.raises(InvalidRecords, match="line 2: trains no token within max_length 16") as caught:
        truncate_file(file, 16)
    assert caught.value.context["count"] == 1


def test_the_length_is_the_99th_percentile_capped_by_the_model(tmp_path: Path) -> None:
    written(tmp_path, *[([1] * length, [1] * length) for length in range(10, 210)])
    records = open_tokens(tmp_path, "x")
    assert fitting_length(records, asked=None, model_limit=1000) == 208
    assert fitting_length(records, asked=None, model_limit=128) == 128
    assert fitting_length(records, asked=64, model_limit=128) == 64
    assert fitting_length(records, asked=512, model_limit=128) == 128


def test_the_length_is_stretched_until_every_record_trains_a_token(tmp_path: Path) -> None:
    short = [([1] * 10, [1] * 10)] * 300
    written(tmp_path, *short, ([1] * 90, [0] * 80 + [1] * 10))
    records = open_tokens(tmp_path, "x")
    assert fitting_length(records, asked=None, model_limit=1000) == 81


def test_an_empty_file_is_refused(tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(EmptyData):
        tokenize_file(write_jsonl(tmp_path / "a.jsonl", []), shared_tokenizer, tmp_path, "a")


def test_a_stop_raised_by_the_progress_callback_ends_tokenising(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase
) -> None:
    def stop(rows: int) -> None:
        raise KeyboardInterrupt(rows)

    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "Die Frist"}] * 600)
    with pytest.raises(KeyboardInterrupt, match="500"):
        tokenize_file(path, shared_tokenizer, tmp_path, "a", on_progress=stop)


def test_equal_records_without_a_document_are_one_group() -> None:
    ids = np.asarray([group_id({"text": text}) for text in ("a", "a", "b")])
    first, second = group_numbers(ids, 1), group_numbers(ids, 2)
    assert first[0] == first[1] != first[2]
    assert first[0] != second[0]


def test_group_numbers_are_spread_evenly_and_never_change() -> None:
    numbers = group_numbers(np.arange(100_000), 42)
    assert ((numbers >= 0) & (numbers < 1_000_000)).all()
    assert (numbers < 100_000).mean() == pytest.approx(0.1, abs=0.005)
    assert numbers[:3].tolist() == [328680, 529955, 709575]


def test_a_mix_may_have_several_shapes_but_no_pairs(tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase) -> None:
    first, last = {"text": "Die Frist gilt."}, {"text": "Die Satzung gilt."}
    path = write_jsonl(tmp_path / "mix.jsonl", [first, {"prompt": "Frist?", "completion": "Ein Monat."}, last])
    file = tokenize_file(path, shared_tokenizer, tmp_path, "mix", is_mixed=True)
    assert (file.shape, len(file.lines), file.sequences_per_record) == ("prompt_completion+text", 3, 1)
    with pytest.raises(InvalidRecords, match="line 2: has the shape prompt_completion, but the file began with text"):
        tokenize_file(path, shared_tokenizer, tmp_path, "strict")
    pair = {"prompt": "Frist?", "chosen": "Ja.", "rejected": "Nein."}
    with pytest.raises(InvalidRecords, match="line 2"):
        tokenize_file(write_jsonl(tmp_path / "p.jsonl", [first, pair]), shared_tokenizer, tmp_path, "p", is_mixed=True)
