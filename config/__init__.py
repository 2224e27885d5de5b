"""Settings of CLARA: `from config import config, get_config`."""

from typing import Any

from config.base import BaseConfig
from config.factory import get_config

__all__ = ["BaseConfig", "config", "get_config"]

config: BaseConfig


def __getattr__(name: str) -> Any:
    # lazy: importing the package reads no environment
    if name == "config":
        return get_config()
    raise AttributeError(f"module 'config' has no attribute '{name}'")
