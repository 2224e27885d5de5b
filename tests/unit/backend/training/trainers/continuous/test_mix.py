"""What a continuous run trains on and what it never does."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backend.training.trainers.continuous.mix import OTHER_PROMPTS, Mix, TooFewPrompts, held_out_keys, write_mix
from backend.training.trainers.continuous.records import prompt_key, read_feedback
from backend.training.training_config import TrainingConfig
from shared.models.feedback import digest_of
from tests.support.feedback_runs import feedback_row, make_continuous_context
from tests.support.training_runs import write_jsonl

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Rows = Iterable[dict[str, Any]]


@pytest.fixture
def mix(tmp_path: Path, tiny_model: Path, shared_tokenizer: "PreTrainedTokenizerBase") -> Any:
    def written(rows: Rows, *, name: str = "a", limit: int = 128, **options: Any) -> Mix:
        config = options.pop("config", {})
        context = make_continuous_context(tmp_path, tiny_model, rows, name=name, config=config, **options)
        return write_mix(context, shared_tokenizer, limit=limit, on_progress=lambda: None)

    return written


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def prompts(path: Path) -> list[str]:
    """Of chats; running text has none."""
    return [row["messages"][0]["content"] for row in records(path) if "messages" in row]


def new(count: int = 40) -> list[dict[str, Any]]:
    return [feedback_row(number) for number in range(count)]


def test_held_out_prompts_are_never_trained_and_each_item_is_on_one_side(mix: Any) -> None:
    rows = [*new(), *(feedback_row(n, feedback_id=f"again_{n}", target="Anders gesagt.") for n in range(40))]
    found = mix(rows)
    trained, held_out = set(prompts(found.train)), set(prompts(found.held_out))
    assert not trained & held_out
    assert len(trained | held_out) == 40
    assert len(held_out) == 10
    assert found.counts == {"new_records": 60, "held_out_records": 20, "replayed_records": 0}
    assert len(records(found.train)) == 60


def test_the_same_job_gets_the_same_records_and_another_seed_other_ones(mix: Any) -> None:
    files = [
        mix(new(), name=name, config={"training": {"seed": seed}}).held_out.read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert files[0] == files[1] != files[2]


def test_one_more_prompt_moves_hardly_any_other() -> None:
    section = TrainingConfig.parse({}).continuous
    keys = [digest_of(str(number)) for number in range(200)]
    before, after = held_out_keys(keys, section, 42), held_out_keys([*keys, digest_of("x")], section, 42)
    assert len(before) == 40
    assert len(before ^ after) <= 2


def test_important_items_stand_in_the_mix_more_often_but_are_measured_once(mix: Any) -> None:
    found = mix([feedback_row(number, importance=3) for number in range(40)])
    assert set(Counter(prompts(found.train)).values()) == {3}
    assert set(Counter(prompts(found.held_out)).values()) == {1}


def test_earlier_records_make_up_their_share_of_the_mix(mix: Any, tmp_path: Path) -> None:
    dataset = write_jsonl(tmp_path / "dataset.jsonl", [{"text": f"Die Satzung {n} gilt."} for n in range(50)])
    earlier = [feedback_row(number, is_new=False) for number in range(100, 150)]
    for name, share in (("a", 0.5), ("b", 0.25), ("c", 0.0)):
        config = {"continuous": {"replay_share": share}}
        found = mix([*earlier, *new()], name=name, replay=dataset, config=config)
        assert found.counts["replayed_records"] == round(30 * share / (1 - share))
        assert len(records(found.train)) == 30 + found.counts["replayed_records"]
    half = mix([*earlier, *new()], name="d", replay=dataset, config={"continuous": {"replay_share": 0.5}})
    kinds = Counter("text" if "text" in row else "earlier" for row in records(half.train)[30:])
    assert kinds["text"] > 5
    assert kinds["earlier"] > 5


def test_a_pool_that_is_too_small_is_taken_whole(mix: Any) -> None:
    found = mix([feedback_row(100, is_new=False), *new()], config={"continuous": {"replay_share": 0.9}})
    assert found.counts["replayed_records"] == 1


def test_what_is_said_now_takes_the_place_of_what_was_said_before(mix: Any) -> None:
    earlier = [feedback_row(n, feedback_id=f"old_{n}", is_new=False, target="Veraltet.") for n in range(40)]
    found = mix([*earlier, *new()], config={"continuous": {"replay_share": 0.5}})
    assert found.counts["replayed_records"] == 0
    assert "Veraltet" not in found.train.read_text(encoding="utf-8")


def test_golden_and_held_out_prompts_are_left_out_of_everything_that_is_trained(mix: Any, tmp_path: Path) -> None:
    golden = write_jsonl(
        tmp_path / "g.jsonl", [{"prompt": f" Frage {n}  zur Gebühr?", "completion": "x"} for n in range(5)]
    )
    held_out = set(prompts(mix(new(), name="a").held_out))
    replay = write_jsonl(
        tmp_path / "replay.jsonl",
        [{"instruction": prompt, "output": "Altes Wissen."} for prompt in [*held_out, "Frage 3 zur Gebühr?"]],
    )
    found = mix(new(), name="b", golden=golden, replay=replay, config={"continuous": {"replay_share": 0.9}})
    assert not {f"Frage {n} zur Gebühr?" for n in range(5)} & set(prompts(found.train))
    assert "Altes Wissen" not in found.train.read_text(encoding="utf-8")


def test_items_that_this_base_model_cannot_read_are_left_out_and_fail_nothing(mix: Any) -> None:
    bad = [
        feedback_row(100, target="Ende <|end|> hier"),
        feedback_row(101, prompt="Sehr langes Wort " * 200),
        feedback_row(102, prompt="<|pad|> Auffüllung"),
    ]
    found = mix([*bad, *new()])
    everything = found.train.read_text(encoding="utf-8") + found.held_out.read_text(encoding="utf-8")
    assert not [word for word in ("Ende", "Langes Wort", "langes", "Auffüllung") if word in everything]
    assert found.counts["new_records"] + found.counts["held_out_records"] == 40


def test_every_held_out_answer_is_measured_after_prompts_that_are_not_its_own(mix: Any) -> None:
    rows = [*new(20), *(feedback_row(0, feedback_id=f"again_{n}", target=f"Anders {n}.") for n in range(20))]
    found = mix(rows, config={"continuous": {"held_out_share": 0.5}})
    own, others = records(found.held_out), records(found.others)
    assert len(others) == OTHER_PROMPTS * len(own)
    for index, record in enumerate(others):
        asked, answered = record["messages"]
        its_own = own[index % len(own)]["messages"]
        assert answered == its_own[1]
        assert asked != its_own[0]


@pytest.mark.parametrize("count", [0, 19])
def test_too_few_prompts_are_refused(mix: Any, count: int) -> None:
    with pytest.raises(TooFewPrompts, match=f"has {count} different prompts"):
        mix([*new(count), *(feedback_row(0, feedback_id=f"again_{n}") for n in range(30) if count)])


def test_plain_prompts_can_be_asked_for(mix: Any) -> None:
    found = mix(new(), config={"continuous": {"record_format": "prompt_completion"}})
    assert {tuple(sorted(row)) for row in records(found.train)} == {("completion", "document_id", "prompt")}


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "Wo  ist\ndas Amt?", "completion": "x"},
        {"instruction": "Wo ist das Amt?", "output": "x"},
        {"instruction": "Wo ist das Amt?", "input": "", "output": "x"},
        {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Wo ist das Amt?"}]},
        {"conversations": [{"from": "human", "value": "Wo ist das Amt?"}, {"from": "gpt", "value": "x"}]},
        {"prompt": [{"role": "user", "content": "Wo ist das Amt?"}], "chosen": "x", "rejected": "y"},
    ],
)
def test_a_prompt_is_recognised_in_every_shape(record: dict[str, Any]) -> None:
    assert prompt_key(record) == digest_of("Wo ist das Amt?")


def test_an_input_belongs_to_the_prompt_and_running_text_has_none() -> None:
    assert prompt_key({"instruction": "Kürze.", "input": "Ein Satz."}) == digest_of("Kürze.\n\nEin Satz.")
    assert prompt_key({"text": "Wo ist das Amt?"}) is None
    assert prompt_key({"messages": [{"role": "assistant", "content": "x"}]}) is None


def test_rows_are_read_as_the_service_wrote_them(tmp_path: Path) -> None:
    (row,) = read_feedback(write_jsonl(tmp_path / "f.jsonl", [feedback_row(1, prompt="Wo?\nHier.")]))
    assert (row.prompt, row.importance, row.is_new) == ("Wo?\nHier.", 1, True)
