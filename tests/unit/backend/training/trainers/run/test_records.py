"""Records of a run: what is cut off is counted and told, what is cut away whole is refused."""

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerBase

from backend.training.formats.validation import InvalidRecords
from backend.training.trainers.run.records import TrainingRecords, prepare_records
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

SHORT = {"instruction": "Frist?", "output": "Ja."}
LONG = {"history": [["Frist?", "Ja."]], "instruction": "Gebühr?", "output": "Der Bescheid ist rechtswidrig. " * 20}
LATE = {"instruction": "Der Bescheid ist rechtswidrig. " * 20, "output": "Ja."}


def prepared(
    root: Path, tokenizer: PreTrainedTokenizerBase, records: list[dict[str, object]], max_length: int
) -> tuple[TrainingRecords, RecordingReporter]:
    config = {"data": {"max_length": max_length, "validation_split": 0}}
    reporter = RecordingReporter()
    context = make_context(root, root, write_jsonl(root / "train.jsonl", records), config=config)
    return prepare_records(context, tokenizer, reporter, model_limit=4096), reporter


def test_an_answer_that_is_cut_in_its_middle_is_counted_and_told(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase
) -> None:
    whole, _ = prepared(tmp_path, shared_tokenizer, [SHORT, LONG], 4096)
    cut, reporter = prepared(tmp_path, shared_tokenizer, [SHORT, LONG], 40)
    lost = whole.train.tokens - cut.train.tokens
    assert (whole.facts["truncated_records"], cut.facts["truncated_records"]) == (0, 1)
    assert cut.facts["trained_tokens"] == whole.facts["trained_tokens"] - lost
    assert f"1 of 2 records are longer than 40 tokens and are cut there ({lost} training tokens are not seen)" in (
        reporter.messages
    )
    ids, mask = cut.train[1]
    assert (len(ids), int(mask[-1])) == (40, 1)


def test_a_record_whose_answers_are_all_cut_away_is_refused_with_its_line_and_the_length_it_needs(
    tmp_path: Path, shared_tokenizer: PreTrainedTokenizerBase
) -> None:
    whole, _ = prepared(tmp_path, shared_tokenizer, [SHORT, LATE], 4096)
    needed = int(whole.train.first_trained()[1])
    with pytest.raises(
        InvalidRecords, match=f"line 2: trains no token within max_length 40; it needs at least {needed}"
    ):
        prepared(tmp_path, shared_tokenizer, [SHORT, LATE], 40)
    just_enough, _ = prepared(tmp_path, shared_tokenizer, [SHORT, LATE], needed)
    assert just_enough.train.trained_tokens().tolist()[1] == 1
