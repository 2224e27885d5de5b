"""What a person wants to see of a finished run, made inside the adapter folder before it is published.

`report.json` (held-out figures, completions side by side, loss history), the same as a page (`report.html`),
`loss_curve.png` and the model card.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from backend.training.evaluation.completions import SampleCompletion, sample_completions
from backend.training.evaluation.loss_curve import plot_loss_curve
from backend.training.evaluation.model_card import write_model_card
from backend.training.evaluation.perplexity import EvaluationTask, evaluate_perplexity
from backend.training.trainers.base import Reporter, TrainingContext, TrainingOutcome
from backend.training.trainers.run.stopping import go_on
from backend.training.workers.trainer.report_content import report_content
from shared.storage import write_json

REPORT_FILE = "report.json"
PAGE_FILE = "report.html"
LOSS_CURVE_FILE = "loss_curve.png"
LOG_FILE = "training_log.jsonl"


def build_report(
    context: TrainingContext,
    outcome: TrainingOutcome,
    reporter: Reporter,
    *,
    about: Callable[[], Mapping[str, Any]],
    is_of_language_model: bool = True,
) -> Mapping[str, Any]:
    """Evaluate on held-out records, write the report files, and return the figures for the job.

    A job without held-out records (a bare file without split) has a report without held-out figures.

    Args:
        context: Of the attempt; its adapter folder gets the files.
        outcome: What the trainer handed over.
        reporter: Told of the stretch, asked for stops.
        about: What the order and the course of the run say, see `report_content`; asked once nothing more is said.
        is_of_language_model: Otherwise the report is figures only: no picture and no page (it takes a second to load
            what draws) and no model card.
    """
    held_out: Mapping[str, Any] = {}
    samples: list[SampleCompletion] = []
    if context.data.test is not None:
        reporter.message("Evaluating base model and adapter on held-out records.")
        held_out, samples = _held_out(context, context.data.test, reporter)
    figures = {**outcome.metrics, **({"held_out": held_out} if held_out else {})}
    content = report_content(context, outcome, held_out, samples, about=about())
    if is_of_language_model:
        log = context.adapter_dir / LOG_FILE
        plot_loss_curve(log, context.adapter_dir / LOSS_CURVE_FILE, title=context.job_name)
        write_model_card(context.adapter_dir, figures={**outcome.metrics, **held_out}, samples=samples)
        _write_page(context.adapter_dir / PAGE_FILE, content)
    write_json(context.adapter_dir / REPORT_FILE, content)
    return figures


def _write_page(target: Path, content: Mapping[str, Any]) -> None:
    from backend.training.evaluation.page.render import render_page

    # what cannot be written as UTF-8 (half a surrogate pair in a record) is a question mark on a page
    target.write_text(render_page(content), encoding="utf-8", errors="replace", newline="\n")


def _held_out(
    context: TrainingContext, test: Path, reporter: Reporter
) -> tuple[Mapping[str, Any], list[SampleCompletion]]:
    task = EvaluationTask(
        base_model=context.base_model,
        adapter_dir=context.adapter_dir,
        test_file=test,
        scratch_dir=context.scratch_dir,
        is_offline=context.is_offline,
        max_length=context.config.data.max_length,
        dtype=context.config.model.dtype,
        cpu_threads=context.threads,
        token_cache=context.token_cache,
        on_progress=lambda: go_on(reporter),
    )
    figures = evaluate_perplexity(task).as_metrics()
    samples = sample_completions(
        reference=task.base_model,
        adapter_dir=task.adapter_dir,
        test_file=test,
        is_offline=task.is_offline,
        dtype=task.dtype,
        cpu_threads=task.cpu_threads,
        on_progress=task.on_progress,
    )
    return figures, samples
