"""What the warm parent can fork, and what it imports for that."""

import importlib
from enum import StrEnum

from backend.training.trainers.run.libraries import import_libraries


class Program(StrEnum):
    """A child of the warm parent, by what it does."""

    TRAINER = "trainer"
    INSPECTION = "inspection"


# beside the libraries: the programs themselves, and what they import inside of functions
_MODULES = (
    "backend.training.workers.trainer.main",
    "backend.training.workers.inspection.main",
    "backend.training.inspection.run",
    "backend.training.evaluation.perplexity",
    "transformers.models.auto.configuration_auto",
    "transformers.models.llama.modeling_llama",
)


def import_programs() -> None:
    """Import what any of them needs and no job decides."""
    import_libraries()
    for name in _MODULES:
        importlib.import_module(name)


def run_program(program: Program) -> int:
    """Run it on the pipes that are stdin and stdout now; returns the exit code of the process."""
    from backend.training.workers.inspection import main as inspection_main
    from backend.training.workers.trainer import main as trainer_main

    return {Program.TRAINER: trainer_main.main, Program.INSPECTION: inspection_main.main}[program]()
