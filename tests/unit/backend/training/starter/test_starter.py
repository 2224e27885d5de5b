"""Starter models: real, small, the same for the same seed, and blind to what is held out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.training.starter.__main__ import main
from backend.training.starter.corpus import CorpusTooSmall, sample
from backend.training.starter.create import create_starter
from backend.training.starter.options import StarterOptions, StarterProgress, StarterStage
from backend.training.starter.pretraining import _batches, rate_at
from backend.training.starter.section_texts import SPLIT_SEED, SPLIT_SHARES, keeper, section_texts, unwrapped
from backend.training.utils.base_model import base_model_digest, load_model, load_tokenizer, locate_base_model
from config.factory import load_config
from shared.database.stores import open_stores
from shared.models.document import ParsedDocument, Section, StoredSection
from shared.storage import AlreadyPublished, verify_folder
from shared.utils.splitting import split_of
from tests.support.tiny_model import sentences

SMALL = StarterOptions(
    steps=12,
    tokens_per_step=128,
    short_window=32,
    context_length=64,
    vocab_size=400,
    hidden_size=32,
    intermediate_size=64,
    layers=2,
    heads=2,
    learning_rate=1e-2,
    threads=1,
)


def texts() -> Iterator[str]:
    return iter(sentences(300))


def ignore(_: StarterProgress) -> None:
    return None


def test_a_starter_is_a_base_model_that_has_learned(tmp_path: Path) -> None:
    told: list[StarterProgress] = []
    summary = create_starter(texts, tmp_path / "starter", SMALL, told.append)
    folder = locate_base_model(str(summary.path), is_offline=True)
    assert verify_folder(folder).sha256 == summary.manifest_sha256
    losses = [progress.loss for progress in told if progress.stage is StarterStage.PRETRAINING]
    assert [progress.step for progress in told if progress.stage is StarterStage.PRETRAINING] == [5, 10, 12]
    assert summary.loss == losses[-1] < losses[0]  # type: ignore[operator]
    assert list(dict.fromkeys(progress.stage for progress in told)) == list(StarterStage)
    assert (summary.steps, summary.trained_tokens, summary.was_cut) == (12, 12 * 128, False)
    model, tokenizer = load_model(folder, dtype="auto"), load_tokenizer(folder)
    assert sum(parameter.numel() for parameter in model.parameters()) >= summary.parameters
    assert len(tokenizer) == summary.vocab_size == model.config.vocab_size
    assert not list(folder.glob("*.bin"))


def test_the_tokenizer_gives_back_every_text(tmp_path: Path) -> None:
    summary = create_starter(texts, tmp_path / "starter", replace(SMALL, steps=1), ignore)
    tokenizer = load_tokenizer(summary.path)
    for text in ("§ 12 Abs. 3 Satz 1", "Straße, Übung, 漢字, 🙂", "  zwei\n\tZeilen "):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(tmp_path: Path) -> None:
    digests = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        summary = create_starter(texts, tmp_path / name, replace(SMALL, steps=3, seed=seed), ignore)
        digests.append(base_model_digest(summary.path))
    assert digests[0] == digests[1] != digests[2]


def test_a_time_limit_cuts_pretraining_and_says_so(tmp_path: Path) -> None:
    summary = create_starter(texts, tmp_path / "starter", replace(SMALL, time_limit_s=0.0), ignore)
    assert (summary.was_cut, summary.steps) == (True, 1)
    assert json.loads((summary.path / "starter.json").read_text())["was_cut"] is True


def test_too_little_text_and_a_taken_name_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(CorpusTooSmall, match="clara ingest"):
        create_starter(lambda: iter(["Zu kurz."]), tmp_path / "starter", SMALL, ignore)
    assert not list(tmp_path.iterdir())
    (tmp_path / "taken").mkdir()
    with pytest.raises(AlreadyPublished):
        create_starter(texts, tmp_path / "taken", SMALL, ignore)


def test_a_sample_has_about_its_share_and_is_stable() -> None:
    first = list(sample(texts, share=0.3, seed=1, purpose="x"))
    assert first == list(sample(texts, share=0.3, seed=1, purpose="x"))
    assert 50 < len(first) < 130
    assert first != list(sample(texts, share=0.3, seed=1, purpose="y"))


def test_every_window_comes_once_before_any_comes_again() -> None:
    tokens = np.arange(64 * 8, dtype=np.int32)
    options = replace(SMALL, steps=4, tokens_per_step=128, short_share=0.0, context_length=64)
    starts = [row[0].item() // 64 for batch in _batches(tokens, options) for row in batch]
    assert len(starts) == 8
    assert len(set(starts)) >= 7  # a round may start at any offset and then has one window less


def test_the_learning_rate_rises_and_falls_to_a_tenth() -> None:
    rates = [rate_at(step, 100) for step in range(100)]
    assert rates[5] == 1.0 == max(rates)
    assert rates[0] < rates[3] < rates[5]
    assert rates[-1] == pytest.approx(0.1, abs=0.01)


def stored(path: str, *, text: str = "Text", number: str = "§ 1", heading: str = "Zweck") -> StoredSection:
    section = Section(ordinal=0, heading=heading, text=text, start=0, end=len(text), number=number)
    return StoredSection("s", path, 1, "Satzung", "SatzG", "src", path, section)


def test_held_out_documents_are_never_seen_and_half_of_the_others_are() -> None:
    keep = keeper()
    paths = [f"{number}.md" for number in range(4000)]
    kept = [path for path in paths if keep(path)]
    assert {split_of(path, SPLIT_SEED, SPLIT_SHARES) for path in kept} == {"train"}
    assert 0.37 < len(kept) / len(paths) < 0.43
    everything = keeper(share=1.0)
    assert sum(map(everything, paths)) == sum(split_of(path, SPLIT_SEED, SPLIT_SHARES) == "train" for path in paths)


def test_sections_have_the_form_of_records() -> None:
    sections = [stored("a", text="(1) Erste\nZeile\n\n\n2. Zweite\n"), stored("b"), stored("a", text=" ")]
    assert list(section_texts(sections, lambda path: path == "a")) == [
        "Satzung (SatzG)\n§ 1 Zweck\n\n(1) Erste Zeile\n\n2. Zweite"
    ]


def test_list_items_keep_their_lines() -> None:
    assert unwrapped("Es gilt:\n1. eins und\nmehr\na) zwei\n- drei") == "Es gilt:\n1. eins und mehr\na) zwei\n- drei"


def test_the_command_reads_the_document_store_and_tells_json_lines(
    tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARA_DATABASE_URL", sqlite_url)
    monkeypatch.setattr("config.get_config", lambda: load_config(tmp_path))
    documents = open_stores(sqlite_url).documents
    for number, text in enumerate(sentences(150, words=100)):
        section = Section(ordinal=0, heading="", text=text, start=0, end=len(text))
        parsed = ParsedDocument(title=f"D{number}", media_type="text/plain", text=text, sections=(section,))
        documents.put(
            parsed, source="s", path=f"{number}.txt", sha256=f"{number:064d}", size_bytes=len(text), ingested_by="t"
        )
    arguments = ["--target", str(tmp_path / "m"), "--steps", "1", "--threads", "1"]
    assert main([*arguments, "--share", "1"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["event"] for line in lines[:-1]} == {"progress"}
    assert lines[-1]["event"] == "done"
    assert lines[-1]["path"] == str(tmp_path / "m")
    expected = sum(keeper(share=1.0)(f"{number}.txt") for number in range(150))
    assert lines[-1]["texts"] == expected
    assert main([*arguments, "--source", "nobody"]) == 2
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["code"] in {"already_published", "corpus_too_small"}
