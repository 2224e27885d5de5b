"""Runs that write chats with a chosen template, from the records to the finished adapter."""

import json
import shutil
from pathlib import Path

import pytest

from backend.training.evaluation.perplexity import EvaluationTask, evaluate_perplexity
from backend.training.formats.chat_templates import installed_templates, template_sha256
from backend.training.formats.template_check import UnusableChatTemplate
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.trainers.run.plan import run_identity
from backend.training.utils.base_model import load_tokenizer
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

PHI3 = installed_templates()["phi3"]  # the starter's vocabulary has its four tokens
OWN = "{% for m in messages %}{{ '<|' ~ m.role ~ '|>' ~ m.content ~ '<|end|>' }}{% endfor %}"
CONFIG = {"model": {"chat_template": "phi3"}, "lora": {"r": 2}, "training": {"max_steps": 2, "batch_size": 4}}


@pytest.fixture(scope="module")
def published_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model as most are published: its chat template does not mark what the assistant says."""
    folder = make_tiny_model(tmp_path_factory.mktemp("models") / "published")
    (folder / "chat_template.jinja").write_text(OWN, encoding="utf-8")
    return folder


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    """Twelve questions with answers."""
    texts = sentences(24, words=6)
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return write_jsonl(tmp_path / "chats.jsonl", [{"instruction": asked, "output": said} for asked, said in pairs])


def test_without_a_choice_the_base_model_is_refused_with_what_to_set(
    tmp_path: Path, published_model: Path, chats: Path
) -> None:
    with pytest.raises(UnusableChatTemplate, match=r"Set model\.chat_template to the format of the base model.*phi3"):
        LoRATrainer().train(make_context(tmp_path, published_model, chats), RecordingReporter())


def test_the_chosen_template_is_trained_with_stored_in_the_adapter_and_evaluated_with(
    tmp_path: Path, published_model: Path, chats: Path
) -> None:
    context = make_context(tmp_path, published_model, chats, config=CONFIG, chat_template=PHI3)
    reporter = RecordingReporter()
    outcome = LoRATrainer().train(context, reporter)
    assert outcome.metrics["record_shape"] == "alpaca"
    assert load_tokenizer(context.adapter_dir).chat_template == PHI3
    run = json.loads((context.adapter_dir / "training_config.json").read_text(encoding="utf-8"))
    assert run["chat_template_sha256"] == template_sha256(PHI3)
    assert run["config"]["model"]["chat_template"] == "phi3"
    assert "phi3 writes chats otherwise than the base model's own" in reporter.messages
    report = evaluate_perplexity(EvaluationTask(str(published_model), context.adapter_dir, chats, context.scratch_dir))
    assert report.records == 12


def test_a_template_that_does_not_fit_is_refused_even_where_no_record_is_a_chat(
    tmp_path: Path, published_model: Path, train_file: Path
) -> None:
    text = installed_templates()["llama3"]
    context = make_context(tmp_path, published_model, train_file, config=CONFIG, chat_template=text)
    with pytest.raises(UnusableChatTemplate, match=r"vocabulary lacks <\|start_header_id\|>, <\|end_header_id\|>"):
        LoRATrainer().train(context, RecordingReporter())


def test_nothing_is_said_where_the_chosen_template_writes_what_the_own_one_does(
    tmp_path: Path, published_model: Path, chats: Path
) -> None:
    model = Path(shutil.copytree(published_model, tmp_path / "model"))
    own = "{% for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ m.content ~ '<|end|>\n' }}{% endfor %}"
    (model / "chat_template.jinja").write_text(own, encoding="utf-8")
    reporter = RecordingReporter()
    LoRATrainer().train(make_context(tmp_path, model, chats, config=CONFIG, chat_template=PHI3), reporter)
    assert "otherwise" not in reporter.messages


def test_a_run_is_another_one_with_another_template_whatever_its_name(tmp_path: Path, chats: Path) -> None:
    def identity(text: str | None, name: str | None) -> str:
        config = {"model": {"chat_template": name}}
        return run_identity(make_context(tmp_path, tmp_path, chats, config=config, chat_template=text), "base")

    assert identity(PHI3, "phi3") == identity(PHI3, "copy-of-phi3.jinja") != identity(PHI3 + " ", "phi3")
    assert identity(None, None) != identity(PHI3, "phi3")
