"""Whether an order can be trained: asked when it is submitted, and once more before it is queued."""

import json
from collections.abc import Callable, Collection, Mapping

from backend.training.inputs import InputResolver
from backend.training.trainers.base import BaseTrainer
from backend.training.trainers.registry import installed_trainers, trainer_for
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from backend.training.utils.machine import Machine
from shared.errors import InvalidInput
from shared.models.job import TrainingJob


class TrainerRefused(InvalidInput):
    """The trainer is installed, but this installation does not run it."""

    code = "trainer_refused"

    def __init__(self, asked: str, allowed: Collection[str]) -> None:
        super().__init__(
            f"trainer_type '{asked}' is for trying out an installation and is refused in production. "
            f"Allowed here: {', '.join(sorted(allowed))}.",
            field="trainer_type",
            trainer_type=asked,
            allowed=sorted(allowed),
        )


class Preflight:
    """Everything that can be refused without reading a record.

    Args:
        inputs: Finds base models and records.
        trainer_types: Trainers that may be used; None: every installed one.
        machine: That runs will run on; None: this one.
    """

    def __init__(
        self,
        inputs: InputResolver,
        *,
        trainer_types: Collection[str] | None = None,
        machine: Machine | None = None,
    ) -> None:
        self._inputs = inputs
        self._machine = machine or Machine.here()
        self._trainer_types = trainer_types

    def accept(self, trainer_type: str, config: TrainingConfig) -> tuple[TrainingConfig, Mapping[str, str]]:
        """The config with the server's defaults filled in, and which those are.

        Raises:
            ClaraError: What cannot be trained, with the reason.
        """
        trainer = self.trainer(trainer_type)
        _refuse_unread_sections(trainer, config)
        config, filled = self._inputs.with_defaults(config, trainer)
        self._check(trainer, config)
        return config, filled

    def trainer(self, trainer_type: str) -> BaseTrainer:
        """The trainer of this type.

        Raises:
            UnknownTrainer: If it is not installed.
            TrainerRefused: If it must not be used here.
        """
        trainer = trainer_for(trainer_type)
        if self._trainer_types is not None and trainer_type not in self._trainer_types:
            raise TrainerRefused(trainer_type, self._trainer_types)
        return trainer

    def of_a_round(self) -> Callable[[TrainingJob], None]:
        """A check of stored jobs that looks once at what many of them have in common; good for one round only."""
        passed: set[str] = set()

        def check(job: TrainingJob) -> None:
            order = json.dumps([job.trainer_type, job.config], sort_keys=True, default=dict)
            if order not in passed:
                self._check(self.trainer(job.trainer_type), TrainingConfig.parse(job.config))
                passed.add(order)

        return check

    def _check(self, trainer: BaseTrainer, config: TrainingConfig) -> None:
        trainer.validate(config)
        _refuse_too_many_processes(trainer, config, self._machine)
        self._inputs.check(config, trainer)


def _refuse_unread_sections(trainer: BaseTrainer, config: TrainingConfig) -> None:
    """Refuse sections that this trainer passes over; an empty one, or all defaults as the server writes it, is none.

    Raises:
        InvalidTrainingConfig: With the section and the trainers that read it.
    """
    errors = []
    for name in sorted(config.model_fields_set - trainer.sections):
        section = getattr(config, name)
        given = section.model_fields_set
        if section != type(section)() or given not in (set(), set(type(section).model_fields)):
            readers = [kind for kind, cls in installed_trainers().items() if name in cls.sections]
            advice = f"it is read by {', '.join(readers)}" if readers else "no installed trainer reads it"
            reason = f"trainer_type {trainer.trainer_type} does not read this section; {advice}. Leave it out"
            errors.append({"field": name, "reason": reason})
    if errors:
        raise InvalidTrainingConfig(errors)


def _refuse_too_many_processes(trainer: BaseTrainer, config: TrainingConfig, machine: Machine) -> None:
    """Refuse processes that would have nothing to do, or nothing to do it with.

    Raises:
        InvalidTrainingConfig: With the number that is possible.
    """
    asked, forward_passes = config.training.num_processes, config.training.gradient_accumulation_steps
    reason = ""
    if asked == 1:
        return
    if not trainer.is_parallel:
        reason = f"trainer_type {trainer.trainer_type} runs in one process; found {asked}. Leave it out"
    elif asked > forward_passes:
        reason = (
            f"the processes share the forward passes of a step, of which there are {forward_passes} "
            f"(training.gradient_accumulation_steps); found {asked}. Give at most {forward_passes}, or halve "
            "training.batch_size and double training.gradient_accumulation_steps: the effective batch stays the same"
        )
    elif asked > (available := machine.gpus or machine.cpus):
        what = "a GPU" if machine.gpus else "a core"
        reason = f"each process needs {what} of its own, and this machine has {available}; found {asked}"
    if reason:
        raise InvalidTrainingConfig([{"field": "training.num_processes", "reason": reason}])
