"""Defaults for a developer's machine: the base defaults, with tokens required; servers of this machine may be asked."""

from collections.abc import Mapping
from typing import Any, ClassVar

from config.base import BaseConfig


class DevelopmentConfig(BaseConfig):
    """Settings where `CLARA_ENVIRONMENT` is development or absent."""

    overrides: ClassVar[Mapping[str, Any]] = {
        "environment": "development",
        "outgoing_allowed": "127.0.0.0/8, ::1",
    }
