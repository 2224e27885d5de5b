"""A run is looked at before it is queued: what is wrong, what is cut, what is trained, what it will take."""

from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from backend.training.formats.template_check import UnusableChatTemplate
from backend.training.formats.validation import EmptyData
from backend.training.inspection.run import RunInputs, inspect_run
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.trainers.run.objectives.choice import WrongObjective
from backend.training.training_config import TrainingConfig
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

TEXTS = [{"text": text} for text in sentences(40)]


def inspected(
    root: Path, model: Path, train: Path, validation: Path | None = None, *, trainer: str = "lora", **config: Any
) -> dict[str, Any]:
    scratch = root / "scratch"
    scratch.mkdir(exist_ok=True)
    return inspect_run(
        RunInputs(
            trainer_type=trainer,
            config=TrainingConfig.parse(config),
            base_model=str(model),
            chat_template=None,
            is_offline=True,
            train=train,
            validation=validation,
            scratch=scratch,
            token_cache=None,
            cpu_threads=1,
        )
    )


def test_good_records_are_accepted_with_the_very_plan_of_the_run(tmp_path: Path, tiny_model: Path) -> None:
    train = write_jsonl(tmp_path / "t.jsonl", TEXTS)
    settings = {"training": {"num_epochs": 2, "batch_size": 4, "gradient_accumulation_steps": 2}}
    report = inspected(tmp_path, tiny_model, train, **settings)
    reporter = RecordingReporter()
    outcome = LoRATrainer().train(make_context(tmp_path, tiny_model, train, config=settings), reporter)
    plan = report["plan"]
    assert report["is_accepted"]
    assert report["problems"] == {"count": 0, "rows": []}
    assert plan["total_steps"] == reporter.of("plan")[0]["total_steps"]
    assert plan["train_records"] == outcome.metrics["records"]
    assert plan["validation_records"] == outcome.metrics["validation_records"]
    assert report["max_length"] == outcome.metrics["max_length"]
    assert plan["effective_batch"] == 8
    assert report["tokens"]["trained"] <= report["tokens"]["total"]
    assert sum(entry["records"] for entry in report["histogram"]) == 40


def test_bad_rows_are_named_and_the_good_ones_looked_at_all_the_same(tmp_path: Path, tiny_model: Path) -> None:
    rows: list[dict[str, Any]] = [*TEXTS[:5], {"text": ""}, {"txt": "x"}, *TEXTS[5:10]]
    report = inspected(tmp_path, tiny_model, write_jsonl(tmp_path / "t.jsonl", rows))
    assert not report["is_accepted"]
    assert [(row["file"], row["line"], row["field"]) for row in report["problems"]["rows"]] == [
        ("t.jsonl", 6, "text"),
        ("t.jsonl", 7, ""),
    ]
    assert report["records"] == 10


def test_a_hundred_bad_rows_are_shown_and_all_are_counted(tmp_path: Path, tiny_model: Path) -> None:
    report = inspected(tmp_path, tiny_model, write_jsonl(tmp_path / "t.jsonl", [{"text": 1}] * 150 + TEXTS[:1]))
    assert report["problems"]["count"] == 150
    assert len(report["problems"]["rows"]) == 100


def test_a_file_with_nothing_good_is_refused_with_its_rows(tmp_path: Path, tiny_model: Path) -> None:
    report = inspected(tmp_path, tiny_model, write_jsonl(tmp_path / "t.jsonl", [{"text": ""}]))
    assert not report["is_accepted"]
    assert report["problems"]["count"] == 1
    assert "plan" not in report


def test_bad_rows_of_the_validation_file_carry_its_name(tmp_path: Path, tiny_model: Path) -> None:
    train = write_jsonl(tmp_path / "t.jsonl", TEXTS)
    report = inspected(tmp_path, tiny_model, train, write_jsonl(tmp_path / "v.jsonl", [*TEXTS[:3], {"text": ""}]))
    assert report["problems"]["rows"] == [{"file": "v.jsonl", "line": 4, "field": "text", "reason": "is empty"}]


def test_truncation_is_counted_and_what_it_leaves_untrained_is_a_problem(tmp_path: Path, tiny_model: Path) -> None:
    rows = [{"prompt": "Die Frist", "completion": "gilt " * 30}, {"prompt": "Satz " * 30, "completion": "gilt"}]
    report = inspected(tmp_path, tiny_model, write_jsonl(tmp_path / "t.jsonl", rows), data={"max_length": 16})
    assert report["truncated"]["records"] == 2
    assert report["truncated"]["tokens_lost"] > 0
    assert report["untrained"] == {"records": 1, "share": pytest.approx(0.3333)}
    (row,) = report["problems"]["rows"]
    assert row["line"] == 2
    assert "trains no token within max_length 16" in row["reason"]


def test_a_sample_shows_what_is_trained(tmp_path: Path, tiny_model: Path) -> None:
    train = write_jsonl(tmp_path / "t.jsonl", [{"prompt": "Die Frist", "completion": " gilt nicht"}] * 3)
    sample = inspected(tmp_path, tiny_model, train)["sample"]
    assert [piece["is_trained"] for piece in sample["pieces"]] == [False, True]
    assert sample["pieces"][0]["text"] == "Die Frist"
    assert sample["pieces"][1]["text"].startswith(" gilt nicht")
    assert sample["is_whole"]


def test_pairs_are_looked_at_as_pairs(tmp_path: Path, tiny_model: Path) -> None:
    pairs = [{"prompt": f"Satz {n}", "chosen": " gilt", "rejected": " gilt nicht"} for n in range(20)]
    report = inspected(tmp_path, tiny_model, write_jsonl(tmp_path / "t.jsonl", pairs))
    assert report["plan"]["objective"] == "dpo"
    assert report["plan"]["learning_rate"] == 5e-6
    assert report["plan"]["train_records"] + report["plan"]["validation_records"] == 20


def test_what_makes_looking_pointless_is_an_error(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(EmptyData):
        inspected(tmp_path, tiny_model, write_jsonl(tmp_path / "e.jsonl", []))
    train = write_jsonl(tmp_path / "t.jsonl", TEXTS)
    with pytest.raises(WrongObjective):
        inspected(tmp_path, tiny_model, train, training={"objective": "dpo"})
    bare = make_tiny_model(tmp_path / "bare")
    (bare / "chat_template.jinja").write_text("{{ messages[0].content }}", encoding="utf-8")
    chat = [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}]
    with pytest.raises(UnusableChatTemplate):
        inspected(tmp_path, bare, write_jsonl(tmp_path / "c.jsonl", chat))


def test_estimates_grow_with_what_costs(tmp_path: Path, tiny_model: Path) -> None:
    train = write_jsonl(tmp_path / "t.jsonl", TEXTS)

    def memory(**config: Any) -> int:
        found: int = inspected(tmp_path, tiny_model, train, **config)["estimate"]["memory_mb"]
        return found

    usual = memory(training={"batch_size": 64})
    assert memory(training={"batch_size": 512}) > usual
    assert memory(training={"batch_size": 64, "num_processes": 2}) > 2 * usual
    assert memory(training={"batch_size": 64}, lora={"r": 1024}) > usual
    assert memory(training={"batch_size": 64, "gradient_checkpointing": True}) <= usual


def test_modules_and_rank_decide_the_size_of_the_adapter(tmp_path: Path, tiny_model: Path) -> None:
    train = write_jsonl(tmp_path / "t.jsonl", TEXTS)
    for modules in ("all-linear", ["q_proj", "v_proj"], "down_proj"):
        settings = {"lora": {"r": 4, "target_modules": modules}, "training": {"max_steps": 1}}
        report = inspected(tmp_path, tiny_model, train, **settings)
        context = make_context(tmp_path, tiny_model, train, config=settings, name=str(len(str(modules))))
        LoRATrainer().train(context, RecordingReporter())
        weights = load_file(context.adapter_dir / "adapter_model.safetensors")
        assert report["plan"]["trained_parameters"] == sum(array.size for array in weights.values())


def test_quantised_weights_take_less(tmp_path: Path, tiny_model: Path) -> None:
    train = write_jsonl(tmp_path / "t.jsonl", TEXTS)
    lora, qlora = (
        inspected(tmp_path, tiny_model, train, trainer=trainer)["estimate"]["memory_mb"]
        for trainer in ("lora", "qlora")
    )
    assert qlora <= lora
