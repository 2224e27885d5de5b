"""What became of looking at a run beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from backend.training.training_config import TrainingConfig
from shared.errors import InvalidInput

_NAMED = 3


class RecordsRefused(InvalidInput):
    """The records cannot be trained on, for a reason that concerns all of them."""

    code = "records_refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a run may be queued.

    Args:
        report: What `inspect_run` found; None if it could not get as far, or if there was nothing to look at.
        refusal: Why it cannot be trained; empty if it can.
    """

    report: Mapping[str, Any] | None = None
    refusal: str = ""

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> "Verdict":
        """As the report says."""
        return cls(report, "" if report["is_accepted"] else _refusal(report["problems"]))


class Inspections(Protocol):
    """Looks at the records of runs, in processes of their own."""

    def look_up(self, trainer_type: str, config: TrainingConfig) -> Verdict | None:
        """What is known of a run; None: nothing yet, and it will be looked at now.

        Raises:
            ClaraError: If its inputs are not there.
        """
        ...

    async def inspect(self, trainer_type: str, config: TrainingConfig) -> Mapping[str, Any]:
        """The report of a run, waited for.

        Raises:
            RecordsRefused: If looking at the records made no sense.
            ClaraError: If its inputs are not there.
            Unavailable: If they cannot be looked at now.
        """
        ...


class NoInspections:
    """Where only trainers without inputs are used: every run may be queued."""

    def look_up(self, trainer_type: str, config: TrainingConfig) -> Verdict | None:
        """See `Inspections`."""
        return Verdict()

    async def inspect(self, trainer_type: str, config: TrainingConfig) -> Mapping[str, Any]:
        """See `Inspections`."""
        return {"is_accepted": True, "problems": {"count": 0, "rows": []}}


def _refusal(problems: Mapping[str, Any]) -> str:
    named = "; ".join(_named(row) for row in problems["rows"][:_NAMED])
    more = " …" if problems["count"] > _NAMED else ""
    return f"The records hold {problems['count']} problem(s). {named}{more}"


def _named(row: Mapping[str, Any]) -> str:
    place = "line" if row["file"].lower().endswith(".jsonl") else "record"
    field = f", {row['field']}" if row["field"] else ""
    return f"{row['file']} {place} {row['line']}{field}: {row['reason']}"
