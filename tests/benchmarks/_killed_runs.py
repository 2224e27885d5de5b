"""One LoRA run on a tiny language model that saves after every step, by the Hugging Face Trainer and by ours.

Functions for child processes; the libraries are imported once, in the process that the children are forked from.
"""

import json
import os
import sys
import threading
import zipfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tqdm import tqdm

from shared.storage import CorruptArtefact, sha256_file, verify_folder
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

PRELOADED = ["torch", "transformers", "peft", "accelerate", "backend.training.trainers.run.training_loop", __name__]
STEPS = 12
KEPT = 2
RANK, ALPHA, DROPOUT, RATE, BATCH, SEED = 4, 8, 0.1, 1e-3, 2, 42
ADAPTER = "adapter_model.safetensors"
TOKENS = 24
SILENCED = "child.log"

Run = Callable[[Path, Path, int, Connection], None]


def prepare(root: Path) -> None:
    """Model and records, for both."""
    make_tiny_model(root / "model")
    write_jsonl(root / "train.jsonl", [{"text": text} for text in sentences(60)])


def train_with_clara(shared: Path, root: Path, attempt: int, told: Connection) -> None:
    """One attempt with our trainer; goes on from the newest valid checkpoint below `root`."""
    _quiet(root)
    from backend.training.trainers.lora_trainer import LoRATrainer

    class Telling(RecordingReporter):
        def step(self, **call: Any) -> None:
            told.send(call["step"])

    config = {
        "lora": {"r": RANK, "alpha": ALPHA, "dropout": DROPOUT},
        "data": {"validation_split": 0},
        "training": {
            "max_steps": STEPS,
            "batch_size": BATCH,
            "gradient_accumulation_steps": 1,
            "learning_rate": RATE,
            "logging_steps": 1,
            "save_steps": 1,
            "save_total_limit": KEPT,
            "seed": SEED,
        },
    }
    context = make_context(root, shared / "model", shared / "train.jsonl", config=config, claim_epoch=attempt)
    LoRATrainer().train(context, Telling())
    (context.adapter_dir / ADAPTER).rename(root / ADAPTER)


def train_with_hugging_face(shared: Path, root: Path, attempt: int, told: Connection) -> None:
    """One attempt with the plain Trainer; goes on from the checkpoint that the library itself names the last."""
    _quiet(root)
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments, set_seed
    from transformers.trainer_utils import get_last_checkpoint

    class Telling(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            told.send(state.global_step)

    set_seed(SEED)
    model = AutoModelForCausalLM.from_pretrained(shared / "model")
    lora = LoraConfig(
        task_type="CAUSAL_LM", r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules="all-linear"
    )
    arguments = TrainingArguments(
        output_dir=str(root / "checkpoints"),
        max_steps=STEPS,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        save_strategy="steps",
        save_steps=1,
        save_total_limit=KEPT,
        logging_strategy="no",
        seed=SEED,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
    )
    trainer = Trainer(
        model=get_peft_model(model, lora), args=arguments, train_dataset=_records(shared), callbacks=[Telling()]
    )
    last = get_last_checkpoint(arguments.output_dir) if attempt > 1 else None
    trainer.train(resume_from_checkpoint=last)
    trainer.model.save_pretrained(root / "final")
    (root / "final" / ADAPTER).rename(root / ADAPTER)


def is_torn_clara(root: Path) -> bool:
    """Whether the newest visible checkpoint is not whole."""
    newest = max((path for path in (root / "job-a" / "checkpoints").glob("step-*")), key=lambda path: path.name)
    try:
        verify_folder(newest)
    except CorruptArtefact:
        return True
    return False


def is_torn_hugging_face(root: Path, whole: Path) -> bool:
    """Whether the checkpoint that would be resumed from lacks a file that a whole one has, or one cannot be read."""
    from transformers.trainer_utils import get_last_checkpoint

    newest = Path(get_last_checkpoint(str(root / "checkpoints")))
    expected = {path.name for path in Path(get_last_checkpoint(str(whole / "checkpoints"))).iterdir()}
    found = {path.name for path in newest.iterdir()}
    return not found >= expected or any(not _is_readable(newest / name) for name in expected)


def digest(root: Path) -> str:
    """SHA-256 of the adapter that a finished run left."""
    return sha256_file(root / ADAPTER)


def _is_readable(file: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        if file.suffix == ".safetensors":
            with safe_open(file, framework="np") as tensors:
                return bool(tensors.keys())
        if file.suffix in {".pt", ".pth", ".bin"}:
            # torch's archives are ZIP files with checksums: that much can be told without unpickling
            with zipfile.ZipFile(file) as archive:
                return archive.testzip() is None
        if file.suffix == ".json":
            json.loads(file.read_text(encoding="utf-8"))
    except (SafetensorError, zipfile.BadZipFile, ValueError, OSError):
        return False
    return True


def _records(shared: Path) -> list[dict[str, list[int]]]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(shared / "model")
    texts = [json.loads(line)["text"] for line in (shared / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    tokens = [tokenizer(text, truncation=True, max_length=TOKENS, padding="max_length")["input_ids"] for text in texts]
    return [{"input_ids": ids, "labels": ids} for ids in tokens]


def _quiet(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    log = os.open(root / SILENCED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(log, stream.fileno())
    # its own lock lies in shared memory, where a kill would leave it
    tqdm.set_lock(threading.RLock())
