"""Defaults for tests: own ports, one worker, short times, tokens of a local test key."""

from collections.abc import Mapping
from typing import Any, ClassVar

from config.base import BaseConfig


class TestingConfig(BaseConfig):
    """Settings where `CLARA_ENVIRONMENT` is testing."""

    __test__ = False  # the name is not a test case for pytest

    overrides: ClassVar[Mapping[str, Any]] = {
        "environment": "testing",
        "security_mode": "testing",
        "outgoing_allowed": "127.0.0.0/8, ::1",
        "training_port": 45690,
        "dataset_port": 45691,
        "serving_port": 45692,
        "max_concurrent_jobs": 1,
        "worker_timeout": 60,
        "warm_trainer": "off",
        "hub_offline": True,
    }
