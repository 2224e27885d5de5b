"""Defaults for a developer's machine: the base defaults, with tokens required."""

from collections.abc import Mapping
from typing import Any, ClassVar

from config.base import BaseConfig


class DevelopmentConfig(BaseConfig):
    """Settings where `CLARA_ENVIRONMENT` is development or absent."""

    overrides: ClassVar[Mapping[str, Any]] = {"environment": "development"}
