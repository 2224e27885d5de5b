"""Defaults for an administration's server: tokens, client certificates and no question to any hub."""

from collections.abc import Mapping
from typing import Any, ClassVar

from config.base import BaseConfig


class ProductionConfig(BaseConfig):
    """Settings where `CLARA_ENVIRONMENT` is production; unsafe combinations refuse to start."""

    overrides: ClassVar[Mapping[str, Any]] = {
        "environment": "production",
        "security_mode": "production",
        "hub_offline": True,
    }
