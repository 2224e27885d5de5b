"""The config of a run as rows, each with what the default is."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from backend.training.training_config import TrainingConfig

_ALWAYS_SHOWN = ("model", "lora", "data", "training")


def config_rows(config: TrainingConfig, *, also: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Every parameter with its value, whether that is the default, and what the default is.

    Sections that this run has no use for are left out as long as nobody has changed anything in them.

    Args:
        config: Of the run.
        also: Further sections that matter to it.
    """
    default = TrainingConfig()
    rows = []
    for section in TrainingConfig.model_fields:
        chosen, usual = getattr(config, section), getattr(default, section)
        if section in (*_ALWAYS_SHOWN, *also) or chosen != usual:
            rows += _section_rows(section, chosen, _values(usual))
    return rows


def _section_rows(section: str, chosen: BaseModel, usual: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": f"{section}.{name}", "value": value, "default": usual[name], "is_default": value == usual[name]}
        for name, value in _values(chosen).items()
    ]


def _values(section: BaseModel) -> dict[str, Any]:
    return section.model_dump(mode="json")
