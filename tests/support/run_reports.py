"""The content of a run report, as `report_content` makes it, small and complete."""

from typing import Any

from backend.training.evaluation.config_table import config_rows
from backend.training.training_config import TrainingConfig

CONFIG = {"model": {"base_model": "starter"}, "lora": {"r": 8}, "training": {"batch_size": 2}}


def a_report(**changes: Any) -> dict[str, Any]:
    """A report with everything in it."""
    config = TrainingConfig.parse(CONFIG)
    content: dict[str, Any] = {
        "adapter_id": "adapter_1",
        "trainer_type": "lora",
        "history": a_history(),
        "job_id": "job_1",
        "job_name": "Baugenehmigungen",
        "claim_epoch": 2,
        "made_at": "2026-11-21T10:33:00.000000Z",
        "base_model": "starter",
        "dataset_id": "dataset_1",
        "dataset_sha256": "d" * 64,
        "steps": 40,
        "metrics": {
            "steps": 40,
            "total_steps": 60,
            "stopped_early": True,
            "resumed_from_step": 20,
            "published_step": 30,
            "train_loss": 2.5,
            "seen_tokens": 2_000_000,
            "elapsed_s": 3725.0,
            "trained_tokens_per_s": 536.9,
            "eval_loss": 2.25,
            "eval_loss_base": 4.5,
        },
        "perplexity_base": 90.0,
        "perplexity_adapter": 9.5,
        "held_out": {
            "base_loss": 4.5,
            "adapter_loss": 2.25,
            "base_perplexity": 90.0,
            "adapter_perplexity": 9.5,
            "ratio": 0.105,
            "records": 20,
            "tokens": 4321,
            "truncated_records": 3,
        },
        "samples": [{"prompt": "Die Behörde", "base": "gilt", "adapter": "kann anordnen", "reference": "kann"}],
        "loss_history": [{"step": 0, "epoch": 0.0, "eval_loss": 4.5}, *(a_row(step) for step in range(1, 41))],
        "run": {
            "config": config.model_dump(mode="json"),
            "resolved": {
                "max_length": 128,
                "total_steps": 60,
                "objective": "sft",
                "learning_rate": 2e-4,
                "quantization": None,
            },
            "base_model": {"reference": "/srv/models/starter", "folder": "/srv/models/starter", "digest": "b" * 64},
            "chat_template_sha256": None,
            "data": {
                "records": 300,
                "validation_records": 30,
                "record_shape": "text",
                "tokens": 100_000,
                "trained_tokens": 95_000,
                "truncated_records": 7,
                "max_length": 128,
            },
        },
        "settings": config_rows(config),
        "peaks": {"memory_mb": 1536.0},
        "machine": {"description": "Linux, x86_64, 2 cores", "versions": {"CLARA": "1.2.3", "torch": "2.13.0"}},
    }
    return {**content, **changes}


def a_history(**changes: Any) -> dict[str, Any]:
    """Two attempts, one checkpoint each."""
    attempt = {"attempt": 1, "started_at": "2026-11-21T08:00:10.000000Z", "owner": "host-1"}
    return {
        "submitted_at": "2026-11-21T08:00:00.000000Z",
        "submitted_by": "tina@amt.example",
        "resume_from": None,
        "attempts": [
            {**attempt, "ended_at": "2026-11-21T08:03:10.000000Z", "outcome": "crash", "message": "signal 9"},
            {**attempt, "attempt": 2, "ended_at": None, "outcome": None, "message": None},
        ],
        "attempts_total": 2,
        "checkpoints": [
            {"at": "2026-11-21T08:02:00.000000Z", "step": 20, "name": "step-000020.e1", "loss": 3.0},
            {"at": "2026-11-21T10:30:00.000000Z", "step": 40, "name": "step-000040.e2", "loss": None},
        ],
        "checkpoints_total": 2,
        "messages": [{"at": "2026-11-21T08:03:20.000000Z", "text": "Going on from checkpoint step-000020.e1."}],
        **changes,
    }


def a_row(step: int) -> dict[str, Any]:
    """One line of a training log."""
    figures = {"loss": 4.5 - step / 20, "running_loss": 4.6 - step / 20, "grad_norm": 0.5, "learning_rate": 2e-4}
    return {"step": step, "epoch": step / 20, **figures, "tokens_per_s": 900.0, "memory_mb": 1500.0 + step}
