"""LLaMA-Factory's supervised fine-tuning with its defaults; set is only what must be equal and what a CPU needs."""

import importlib.machinery
import importlib.util
import json
import sys
import types
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks._contenders.task import Task, answer, main


def train(task: Task) -> None:
    _without_sound()
    from llamafactory.train.tuner import run_exp

    from tests.benchmarks._contenders._callback import Measured

    measured = Measured()
    micro_batch = 8  # its own default, which it takes over from the Hugging Face Trainer
    options = {
        "stage": "sft",
        "do_train": True,
        "model_name_or_path": task.model,
        "finetuning_type": "lora",
        "lora_rank": task.rank,
        "lora_alpha": task.alpha,
        "lora_target": "all",
        "dataset": "records",
        "dataset_dir": str(_dataset(task)),
        "template": "empty",
        "cutoff_len": task.max_length,
        "output_dir": str(task.adapter),
        "per_device_train_batch_size": micro_batch,
        "gradient_accumulation_steps": task.effective_batch // micro_batch,
        "num_train_epochs": task.epochs,
        "learning_rate": task.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": task.warmup_steps,
        "seed": task.seed,
        "use_cpu": True,
        "report_to": "none",
        "disable_tqdm": True,
    }
    run_exp(options, [measured])
    answer(
        task,
        measured.stretch,
        steps=measured.steps,
        trained_tokens=int(measured.trained_tokens),
        version=version("llamafactory"),
        micro_batch=micro_batch,
    )


def _dataset(task: Task) -> Path:
    folder = Path(task.folder) / "data"
    folder.mkdir(parents=True)
    end = _end_of_text(task)
    # its plain template ends no answer; written out, the end is the same token as everywhere else
    rows = [{"prompt": record["prompt"], "answer": record["completion"] + end} for record in task.records()]
    (folder / "records.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    described = {"records": {"file_name": "records.json", "columns": {"prompt": "prompt", "response": "answer"}}}
    (folder / "dataset_info.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


def _end_of_text(task: Task) -> str:
    config = json.loads((Path(task.model) / "tokenizer_config.json").read_text(encoding="utf-8"))
    return str(config["eos_token"])


def _without_sound() -> None:
    """An empty torchaudio where there is none: it is imported for speech models only, and has no CPU build on PyPI."""
    if importlib.util.find_spec("torchaudio") is None:
        module = types.ModuleType("torchaudio")
        module.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
        sys.modules["torchaudio"] = module


if __name__ == "__main__":
    main(train)
