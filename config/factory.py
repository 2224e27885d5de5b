"""The only reader of the environment: which environment this is, and its settings."""

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from config.base import BaseConfig, environment_names
from config.development import DevelopmentConfig
from config.production import ProductionConfig
from config.testing import TestingConfig

ENVIRONMENTS: Mapping[str, type[BaseConfig]] = {
    "development": DevelopmentConfig,
    "production": ProductionConfig,
    "testing": TestingConfig,
}


class InvalidSettings(ValueError):
    """The environment holds a value that no setting can take; says which, never the value."""


@lru_cache(maxsize=1)
def get_config() -> BaseConfig:
    """The settings of this process, read once; tests call `get_config.cache_clear()`.

    Raises:
        InvalidSettings: Naming every wrong variable with its reason.
    """
    return load_config(Path())


def load_config(folder: Path) -> BaseConfig:
    """Read the settings afresh from the environment and `folder/.env.<environment>`.

    Raises:
        InvalidSettings: Naming every wrong variable with its reason.
    """
    name = os.environ.get("CLARA_ENVIRONMENT") or os.environ.get("CLARA_ENV") or "development"
    if name not in ENVIRONMENTS:
        guess = _nearest(name, ENVIRONMENTS)
        hint = f" Did you mean '{guess}'?" if guess else ""
        raise InvalidSettings(f"CLARA_ENVIRONMENT is '{name}'; known are {', '.join(ENVIRONMENTS)}.{hint}")
    env_file = folder / f".env.{name}"
    try:
        return ENVIRONMENTS[name](_env_file=env_file if env_file.is_file() else None)
    except ValidationError as exc:
        # the input is left out: it may be a password
        errors = [error for error in exc.errors(include_input=False) if error["type"] != "default_factory_not_called"]
        wrong = "; ".join(f"{error['loc'][0]}: {error['msg']}" for error in errors)
        raise InvalidSettings(f"Settings cannot be read. {wrong}") from exc


def unknown_variables(environ: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """`CLARA_*` variables that no setting reads, each with the nearest known name: most are typing errors."""
    known = {name for field in BaseConfig.model_fields for name in environment_names(field)} | CLIENT_VARIABLES
    return [
        (name, _nearest(name, known)) for name in sorted(environ) if name.startswith("CLARA_") and name not in known
    ]


CLIENT_VARIABLES = frozenset(
    {
        "CLARA_TOKEN",
        "CLARA_LANG",
        "CLARA_TRAINING_URL",
        "CLARA_DATASET_URL",
        "CLARA_SERVING_URL",
        "CLARA_PKCS12_PASSWORD",
    }
)
"""Variables that the command line reads beside the settings."""


def _nearest(asked: str, known: Iterable[str]) -> str | None:
    import difflib  # here: only who mistyped something needs it

    return next(iter(difflib.get_close_matches(asked, list(known), n=1, cutoff=0.5)), None)
