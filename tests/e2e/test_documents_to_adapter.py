"""From documents to an adapter through the public surfaces, and what other people's tools make of the results."""

import json
from pathlib import Path

import pytest

from shared.storage import verify_folder
from tests.support.installation import Installation, until

CONFIG = {
    "lora": {"r": 8},
    "data": {"max_length": 64},
    "training": {"num_epochs": 1, "max_steps": 25, "batch_size": 4, "learning_rate": 5e-3, "cpu_threads": 1},
}


@pytest.fixture(scope="module")
def trained(ready: tuple[Installation, str]) -> tuple[Installation, str]:
    """The installation and the id of a completed job."""
    it, dataset_id = ready
    with it.client() as client:
        job_id = client.jobs.submit(config=CONFIG, dataset_id=dataset_id).job_id
        job = until(client, job_id, lambda job: job.status.is_terminal)
        assert job.status == "completed", job
    return it, job_id


def test_every_export_is_read_by_load_dataset_with_equal_rows(ready: tuple[Installation, str]) -> None:
    import datasets

    it, dataset_id = ready
    with it.client() as client:
        exports = client.datasets.get(dataset_id).export_paths
    assert set(exports) == {"jsonl", "parquet", "csv"}
    loaded = {}
    for kind, folder in exports.items():
        builder = "json" if kind == "jsonl" else kind
        files = {
            split: [str(file) for file in sorted(Path(folder).rglob(f"*{split}*.{kind}"))]
            for split in ("train", "validation", "test")
        }
        loaded[kind] = datasets.load_dataset(
            builder, data_files={split: found for split, found in files.items() if found}, cache_dir=str(it.home / kind)
        )
    for split, rows in loaded["jsonl"].items():
        texts = [row["text"] for row in rows]
        assert [row["text"] for row in loaded["parquet"][split]] == texts
        assert len(loaded["csv"][split]) == len(texts)
        assert rows.features["quality_score"].dtype.startswith("float")


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # peft 0.21 asks for it
def test_peft_loads_the_adapter_and_reproduces_the_reported_held_out_loss(trained: tuple[Installation, str]) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    it, job_id = trained
    with it.client() as client:
        report = client.jobs.report(job_id)
        dataset = client.datasets.get(str(client.jobs.get(job_id).dataset_id))
    base = AutoModelForCausalLM.from_pretrained(it.home / "models" / "tiny", dtype=torch.float32)
    model = PeftModel.from_pretrained(base, report["paths"]["adapter"]).eval()
    tokenizer = AutoTokenizer.from_pretrained(report["paths"]["adapter"])
    losses, tokens = 0.0, 0
    test_file = next(Path(dataset.export_paths["jsonl"]).rglob("*test*.jsonl"))
    for line in test_file.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["text"]
        ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        if tokenizer.bos_token_id is not None and report["metrics"].get("starts_with_bos"):
            ids = [tokenizer.bos_token_id, *ids]
        ids = ids[:64]
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0, :-1].float()
        losses += torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="sum").item()
        tokens += len(ids) - 1
    assert losses / tokens == pytest.approx(report["held_out"]["adapter_loss"], rel=1e-3)


def test_the_adapter_folder_holds_everything_a_person_needs(trained: tuple[Installation, str]) -> None:
    it, job_id = trained
    with it.client() as client:
        job = client.jobs.get(job_id)
        adapter = client.adapters.get(str(job.adapter_id))
    folder = Path(str(job.adapter_path))
    assert verify_folder(folder).sha256 == adapter.manifest_sha256
    names = {path.name for path in folder.iterdir()}
    assert {
        "adapter_model.safetensors",
        "adapter_config.json",
        "tokenizer.json",
        "training_config.json",
        "report.json",
        "loss_curve.png",
        "README.md",
        "manifest.json",
    } <= names
    assert not any(path.suffix in {".pt", ".pth", ".bin", ".pkl"} for path in folder.rglob("*"))


def test_the_trained_adapter_beats_its_base_model_on_held_out_sections(trained: tuple[Installation, str]) -> None:
    it, job_id = trained
    with it.client() as client:
        report = client.jobs.report(job_id)
    assert report["perplexity_adapter"] < report["perplexity_base"]
    assert len(report["samples"]) == 2


def test_the_report_is_drawn_in_the_terminal(trained: tuple[Installation, str]) -> None:
    it, job_id = trained
    shown = it.clara("jobs", "report", job_id)
    assert shown.returncode == 0, shown.stderr
    assert "adapter" in shown.stdout.lower()


def test_ingesting_the_same_folder_again_writes_nothing(ready: tuple[Installation, str]) -> None:
    it, _ = ready
    again = it.clara("ingest", str(it.home.parent / "corpus"), "--source", "sample", "--json")
    assert again.returncode == 0, again.stderr
    answer = json.loads(again.stdout)
    assert answer["new_versions"] == 0
    assert answer["ingested"] == 0
    assert answer["unchanged"] > 0


def test_what_a_person_rejects_is_rejected_whatever_the_profile_says(ready: tuple[Installation, str]) -> None:
    it, _ = ready
    with it.client() as client:
        document_id = client.documents.page(limit=1).documents[0].document_id
    before = json.loads(it.clara("quality", "preview", "--json").stdout)

    ruled = it.clara("quality", "review", "reject", f"{document_id}:1:0", "--note", "not ours", "--json")

    assert ruled.returncode == 0, ruled.stderr
    (review,) = json.loads(ruled.stdout)["reviews"]
    after = json.loads(it.clara("quality", "run", "--json").stdout)
    assert (before["rulings"]["rejected"], after["rulings"]["rejected"]) == (0, 1)
    assert after["decisions"]["reject"] == before["decisions"]["reject"] + 1
    explained = json.loads(it.clara("quality", "explain", document_id, "--section", "0", "--json").stdout)["sections"]
    assert [(each["text_key"], each["decision"], each["ruling"]) for each in explained] == [
        (review["text_key"], "reject", "rejected")
    ]
