"""Evaluation of a finished adapter: perplexity, completions, loss curve, model card."""

import json
import math
import shutil
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from backend.training.evaluation.completions import SampleCompletion, sample_completions
from backend.training.evaluation.loss_curve import loss_series, plot_loss_curve
from backend.training.evaluation.model_card import write_model_card
from backend.training.evaluation.perplexity import EvaluationTask, evaluate_perplexity
from backend.training.trainers.base import TrainingOutcome
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.utils.adapted_model import AdapterDoesNotFit
from shared.utils.yaml_safe import load_yaml
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

CONFIG = {
    "lora": {"r": 4, "alpha": 8},
    "training": {"max_steps": 12, "learning_rate": 0.02, "min_warmup_steps": 1, "logging_steps": 2, "eval_steps": 4},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> tuple[Path, TrainingOutcome]:
    root = tmp_path_factory.mktemp("finished")
    train = write_jsonl(root / "train.jsonl", [{"text": text} for text in sentences(200)])
    context = make_context(root, tiny_model, train, config=CONFIG)
    outcome = LoRATrainer().train(context, RecordingReporter())
    return context.adapter_dir, outcome


@pytest.fixture
def test_file(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "test.jsonl", [{"text": text} for text in sentences(5, seed=77)])


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft 0.21 reads names that transformers 5 calls deprecated
def test_the_losses_are_those_of_the_plain_libraries_token_by_token(
    finished: tuple[Path, TrainingOutcome], tiny_model: Path, test_file: Path, tmp_path: Path
) -> None:
    adapter_dir, _ = finished
    report = evaluate_perplexity(EvaluationTask(str(tiny_model), adapter_dir, test_file, tmp_path))
    tokenizer = AutoTokenizer.from_pretrained(adapter_dir)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), adapter_dir).eval()
    totals, tokens = [0.0, 0.0], 0
    for line in test_file.read_text(encoding="utf-8").splitlines():
        ids = torch.tensor([[*tokenizer(json.loads(line)["text"])["input_ids"], tokenizer.eos_token_id]])
        for number, candidate in enumerate((model, adapted)):
            with torch.no_grad():
                totals[number] += float(candidate(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
        tokens += ids.shape[1] - 1
    assert report.tokens == tokens
    assert report.base_loss == pytest.approx(totals[0] / tokens, rel=1e-5)
    assert report.adapter_loss == pytest.approx(totals[1] / tokens, rel=1e-5)
    metrics = report.as_metrics()
    assert metrics["ratio"] == pytest.approx(metrics["adapter_perplexity"] / metrics["base_perplexity"])
    assert metrics["base_perplexity"] == pytest.approx(math.exp(report.base_loss))
    assert metrics["records"] == 5
    assert metrics["ratio"] < 0.95


def test_records_are_cut_where_training_cut_them(
    finished: tuple[Path, TrainingOutcome], tiny_model: Path, tmp_path: Path
) -> None:
    adapter_dir, outcome = finished
    long = write_jsonl(tmp_path / "long.jsonl", [{"text": "Frist " * 100}])
    report = evaluate_perplexity(EvaluationTask(str(tiny_model), adapter_dir, long, tmp_path))
    assert report.tokens == outcome.metrics["max_length"] - 1
    assert report.truncated_records == 1


def test_an_adapter_on_the_wrong_base_model_is_refused(
    finished: tuple[Path, TrainingOutcome], tiny_model: Path, test_file: Path, tmp_path: Path
) -> None:
    adapter = Path(shutil.copytree(finished[0], tmp_path / "adapter"))
    weights = load_file(adapter / "adapter_model.safetensors")
    widened = {name: torch.cat([tensor, tensor], dim=-1) for name, tensor in weights.items()}
    save_file(widened, adapter / "adapter_model.safetensors")
    with pytest.raises(AdapterDoesNotFit, match="adapter"):
        evaluate_perplexity(EvaluationTask(str(tiny_model), adapter, test_file, tmp_path))


def test_completions_stand_side_by_side_and_are_the_same_every_time(
    finished: tuple[Path, TrainingOutcome], tiny_model: Path, test_file: Path
) -> None:
    samples = [
        sample_completions(
            reference=str(tiny_model), adapter_dir=finished[0], test_file=test_file, count=2, new_tokens=8
        )
        for _ in range(2)
    ]
    assert samples[0] == samples[1]
    assert len(samples[0]) == 2
    records = [json.loads(line)["text"] for line in test_file.read_text(encoding="utf-8").splitlines()]
    assert all(any(record == sample.prompt + sample.reference for record in records) for sample in samples[0])
    assert any(sample.base != sample.adapter for sample in samples[0])


def test_a_long_prompt_keeps_its_end(finished: tuple[Path, TrainingOutcome], tiny_model: Path, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "p.jsonl", [{"prompt": "Anfang " * 80 + "Ende", "completion": "ja"}])
    (sample,) = sample_completions(
        reference=str(tiny_model), adapter_dir=finished[0], test_file=path, new_tokens=2, prompt_tokens=10
    )
    assert sample.prompt.startswith("… ")
    assert sample.prompt.endswith("Ende")


def test_the_loss_curve_is_a_picture_with_both_losses(finished: tuple[Path, TrainingOutcome], tmp_path: Path) -> None:
    log = finished[0] / "training_log.jsonl"
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert loss_series(rows, "eval_loss")[0] == [0, 4, 8, 12]
    assert loss_series(rows, "loss")[0] == [1, 2, 4, 6, 8, 10, 12]
    plot_loss_curve(log, tmp_path / "curve.png", title="Lauf §1 $x$")
    picture = (tmp_path / "curve.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (960, 540)


def test_a_log_without_figures_gives_an_empty_picture(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("")
    plot_loss_curve(tmp_path / "log.jsonl", tmp_path / "curve.png", title="leer")
    assert (tmp_path / "curve.png").stat().st_size > 1000


def test_the_model_card_names_base_data_figures_and_limits(
    finished: tuple[Path, TrainingOutcome], tiny_model: Path, tmp_path: Path
) -> None:
    adapter = Path(shutil.copytree(finished[0], tmp_path / "adapter"))
    figures = {"base_perplexity": 100.0, "adapter_perplexity": 40.0, "ratio": 0.4, "tokens": 1234, "records": 9}
    sample = SampleCompletion("Die Frist", " gilt\nnicht", "", "x" * 1000)
    text = write_model_card(adapter, figures=figures, samples=[sample]).read_text(encoding="utf-8")
    header = load_yaml(text.split("---")[1])
    assert header["base_model"] == str(tiny_model)
    assert header["library_name"] == "peft"
    run = json.loads((adapter / "training_config.json").read_text(encoding="utf-8"))
    for expected in (
        run["base_model"]["digest"],
        run["data"]["sha256"],
        "| Adapter / base | 0.4 |",
        "| Held-out tokens | 1234 |",
        "Intended use and limits",
        "> (nothing)",
        "xxx …",
        '"learning_rate": 0.02',
    ):
        assert expected in text


def test_a_card_without_evaluation_shows_no_held_out_figures(
    finished: tuple[Path, TrainingOutcome], tmp_path: Path
) -> None:
    adapter = Path(shutil.copytree(finished[0], tmp_path / "adapter"))
    text = write_model_card(adapter, figures=finished[1].metrics).read_text(encoding="utf-8")
    assert "Held-out" not in text
    assert "Optimizer steps | 12" in text


def test_a_tiny_model_is_the_same_every_time(tmp_path: Path, tiny_model: Path) -> None:
    again = make_tiny_model(tmp_path / "again")
    assert (again / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()
