"""Continuous training: from the base model on new feedback and a replay of earlier records, then judged.

The adapter in use is never trained on: a candidate starts at the base model, so what it learnt, and from which records,
stays known. The verdict compares it with the adapter in use; who promotes it is decided elsewhere.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from backend.training.trainers.base import ActiveAdapter, BaseTrainer, Reporter, TrainingContext, TrainingOutcome
from backend.training.trainers.run.adapter_config import check_adapter_config
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from shared.errors import Conflict
from shared.models.comparison import COMPARISON
from shared.storage import CorruptArtefact, verify_folder

if TYPE_CHECKING:
    from backend.training.trainers.continuous.mix import Mix


class ActiveAdapterUnusable(Conflict):
    """What a candidate has to be compared with cannot be measured."""

    code = "active_adapter_unusable"

    def __init__(self, adapter_id: str, reason: str) -> None:
        super().__init__(
            f"The run cannot be compared with adapter {adapter_id}: {reason}. Promote one that is whole and of this "
            "base model (`clara adapters promote`), or compare with the base model (continuous.parent_adapter_id: '').",
            adapter_id=adapter_id,
            reason=reason,
        )


class ContinuousTrainer(BaseTrainer):
    """Trains a LoRA adapter on feedback and says whether it should take the place of the one in use."""

    trainer_type = "continuous"
    needs_feedback = True
    sections = BaseTrainer.sections | {"continuous"}

    def validate(self, config: TrainingConfig) -> None:
        """As LoRA; and refuse the objective of pairs, since the targets of feedback are single answers.

        Raises:
            InvalidTrainingConfig: With the field and the reason.
        """
        check_adapter_config(config, is_quantized=False)
        if config.training.objective not in ("auto", "sft"):
            reason = f"continuous learns from single answers (sft); found {config.training.objective}"
            raise InvalidTrainingConfig([{"field": "training.objective", "reason": reason}])

    def train(self, context: TrainingContext, reporter: Reporter) -> TrainingOutcome:
        """Put the mix together, train on it as LoRA does, measure, judge.

        Raises:
            TooFewPrompts: If too little can be held out.
            TooFewGolden: If there is too little to compare on.
            ActiveAdapterUnusable: If the adapter to compare with is damaged or of another base model.
            ClaraError: As `train_adapter` and `measure`.
        """
        from backend.training.trainers.continuous.measuring import measure
        from backend.training.trainers.continuous.mix import Mix
        from backend.training.trainers.continuous.verdict import as_comparison, in_words, judge
        from backend.training.trainers.run.adapter_run import train_adapter
        from backend.training.trainers.run.stopping import go_on

        assert context.data.continuous is not None  # noqa: S101 - narrows the type; the service resolves it
        self.validate(context.config)
        section, active = context.config.continuous, context.data.continuous.active
        mix = Mix.from_text(context.ranks.shared(lambda: _mix_of_run(context, reporter).as_text()))
        reporter.message(_mixed(mix.counts))
        data = replace(context.data, train=mix.train, validation=None, is_mixed=True)
        context.laps.lap("mix")
        outcome = train_adapter(replace(context, data=data), reporter)
        if not context.ranks.is_first:
            return outcome
        reporter.message("Comparing the candidate on held-out and golden records.")
        verdict, answers = judge(measure(context, mix, on_progress=lambda: go_on(reporter)), section)
        compared_with = None if active is None else active.adapter_id
        comparison = as_comparison(verdict, answers, section, compared_with=compared_with, mix=mix.counts)
        reporter.message(in_words(comparison))
        return replace(outcome, metrics={**outcome.metrics, COMPARISON: comparison})


def _mix_of_run(context: TrainingContext, reporter: Reporter) -> "Mix":
    """Look at what will be compared with, then write the records of the run."""
    from backend.training.trainers.continuous.mix import write_mix
    from backend.training.trainers.run.stopping import go_on
    from backend.training.utils import base_model

    assert context.data.continuous is not None  # noqa: S101 - narrows the type; only this trainer gets here
    active = context.data.continuous.active
    folder = base_model.locate_base_model(context.base_model, is_offline=context.is_offline)
    if active is not None:
        digest = base_model.base_model_digest(folder, on_file=lambda: go_on(reporter))
        _check_active(active, digest)
    limit = base_model.model_limit(base_model.load_config(folder))
    limit = min(limit, context.config.data.max_length or limit)
    tokenizer = base_model.load_tokenizer(folder)
    if context.chat_template is not None:
        tokenizer.chat_template = context.chat_template
    return write_mix(context, tokenizer, limit=limit, on_progress=lambda: go_on(reporter))


def _check_active(active: ActiveAdapter, base_digest: str) -> None:
    """Before hours of training: whether there will be something to compare with."""
    try:
        manifest = verify_folder(active.path)
    except CorruptArtefact as exc:
        raise ActiveAdapterUnusable(active.adapter_id, str(exc.context["reason"])) from exc
    if manifest.sha256 != active.manifest_sha256:
        raise ActiveAdapterUnusable(active.adapter_id, "its folder is another one than was published")
    if active.base_model_digest not in ("", base_digest):
        raise ActiveAdapterUnusable(active.adapter_id, "the base model was changed since it was trained")


def _mixed(counts: Mapping[str, int]) -> str:
    return (
        f"Training on {counts['new_records']} new records of feedback and {counts['replayed_records']} earlier ones; "
        f"{counts['held_out_records']} new ones are held out."
    )
