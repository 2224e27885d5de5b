"""The report files of a finished run."""

import json
from dataclasses import replace
from pathlib import Path

from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.workers.trainer.report import build_report
from backend.training.workers.trainer.report_content import thinned_log
from tests.support.run_reports import a_history, a_row
from tests.support.tiny_model import sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

CONFIG = {"lora": {"r": 4}, "training": {"max_steps": 4, "logging_steps": 1, "eval_steps": 2, "learning_rate": 0.01}}


def test_a_run_is_reported_as_json_and_as_a_page_of_the_same_content(
    tmp_path: Path, tiny_model: Path, train_file: Path, validation_file: Path
) -> None:
    hostile = [{"prompt": text, "completion": "<script>alert(1)</script>"} for text in sentences(3, seed=5)]
    test = write_jsonl(tmp_path / "test.jsonl", hostile)
    context = make_context(tmp_path, tiny_model, train_file, validation=validation_file, config=CONFIG)
    context = replace(context, data=replace(context.data, test=test))
    reporter = RecordingReporter()
    outcome = LoRATrainer().train(context, reporter)
    about = {"adapter_id": "adapter_1", "trainer_type": "lora", "history": a_history()}

    figures = build_report(context, outcome, reporter, about=lambda: about)

    report = json.loads((context.adapter_dir / "report.json").read_text(encoding="utf-8"))
    page = (context.adapter_dir / "report.html").read_text(encoding="utf-8")
    assert report["held_out"] == figures["held_out"]
    assert [row["step"] for row in report["loss_history"] if "loss" in row] == [1, 2, 3, 4]
    assert report["run"]["base_model"]["digest"] == outcome.base_model_digest
    assert report["peaks"]["memory_mb"] > 0
    assert {"CLARA", "Python", "torch"} <= report["machine"]["versions"].keys()
    assert {row["name"] for row in report["settings"] if not row["is_default"]} >= {"lora.r", "training.max_steps"}
    for known in (outcome.base_model_digest, context.data.content_sha256, "adapter_1", "tina@amt.example"):
        assert known in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == len(report["samples"])
    assert "<script" not in page


def test_the_log_of_a_long_run_is_thinned_with_its_evaluations_and_its_ends() -> None:
    rows = [
        row
        for step in range(1, 10_001)
        for row in ([a_row(step)] + ([{"step": step, "eval_loss": 2.0}] if step % 1000 == 0 else []))
    ]
    kept = thinned_log(rows, 100)
    steps = [row["step"] for row in kept if "loss" in row]
    assert len(steps) <= 100
    assert (steps[0], steps[-1]) == (1, 10_000)
    assert [row["step"] for row in kept if "eval_loss" in row] == list(range(1000, 10_001, 1000))
    assert [row["step"] for row in kept] == sorted(row["step"] for row in kept)
