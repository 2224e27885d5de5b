"""Where each setting got its value: which variable, which file, or the default."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr

from config import BaseConfig
from config.base import environment_names

_MASK = "********"


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """One setting.

    Args:
        value: As text; secrets are masked.
        origin: `CLARA_HOME`, `.env.testing (CLARA_HOME)`, `testing defaults` or `default`.
    """

    name: str
    value: str
    origin: str
    description: str


def setting_origins(
    settings: BaseConfig, *, folder: Path = Path(), environ: Mapping[str, str] | None = None
) -> list[SettingOrigin]:
    """Every setting with its value and where it came from, in the order of their declaration."""
    variables = {name.upper() for name in (os.environ if environ is None else environ)}
    env_file = folder / f".env.{settings.environment}"
    in_file = {name.upper() for name in dotenv_values(env_file)} if env_file.is_file() else set()

    def origin(field: str) -> str:
        names = environment_names(field)
        from_variable = next((name for name in names if name in variables), None)
        from_file = next((name for name in names if name in in_file), None)
        if from_variable is not None:
            return from_variable
        if from_file is not None:
            return f"{env_file.name} ({from_file})"
        return f"{settings.environment} defaults" if field in settings.overrides else "default"

    return [
        SettingOrigin(name, _shown(getattr(settings, name)), origin(name), field.description or "")
        for name, field in type(settings).model_fields.items()
    ]


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return _MASK
    return "" if value is None else str(value)
