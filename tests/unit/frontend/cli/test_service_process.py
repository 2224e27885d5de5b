"""Starting and stopping real service processes."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from config import BaseConfig
from frontend.cli.service_ports import PortInUse, ServiceNotInstalled, is_installed, require_free_port
from frontend.cli.service_process import (
    RunningService,
    ServiceEnded,
    ServiceNotReady,
    running,
    stop_signals,
    wait_for_end,
    wait_ready,
)
from frontend.client.services import TRAINING
from tests.support.live_server import free_port

TINY = replace(TRAINING, module="tests.support.tiny_service")


@pytest.fixture
def settings(tmp_path: Path) -> BaseConfig:
    return BaseConfig(home=tmp_path, training_port=free_port())


@contextlib.contextmanager
def tiny(settings: BaseConfig, behaviour: str = "ready", grace_s: float = 10.0) -> Iterator[RunningService]:
    environment = os.environ | {"CLARA_TRAINING_PORT": str(settings.training_port), "TINY_SERVICE": behaviour}
    with running([TINY], settings, environment=environment, grace_s=grace_s) as children:
        yield children[0]


def is_answering(child: RunningService) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{child.url}/readyz", trust_env=False).status_code == 503
    return False


def test_a_service_is_started_waited_for_and_stopped_with_its_block(settings: BaseConfig) -> None:
    with tiny(settings) as child:
        assert wait_ready(child, timeout_s=30)
        assert httpx.get(f"{child.url}/health", trust_env=False).status_code == 200
        assert child.log == settings.logs_dir / "training.log"
    assert child.process.poll() is not None
    assert child.log.read_text().startswith("started")
    require_free_port(TINY, settings)


def test_a_service_that_ends_by_itself_is_told_with_the_end_of_its_log(settings: BaseConfig) -> None:
    with tiny(settings, "crash") as child, pytest.raises(ServiceEnded, match="the database is on fire"):
        wait_ready(child, timeout_s=30)


def test_a_service_that_dies_later_is_noticed(settings: BaseConfig) -> None:
    with tiny(settings) as child:
        wait_ready(child, timeout_s=30)
        child.process.kill()
        with pytest.raises(ServiceEnded, match="-9"):
            wait_for_end([child], lambda: False)


def test_a_service_that_never_gets_ready_is_given_up_with_what_it_says(settings: BaseConfig) -> None:
    with tiny(settings, "never") as child:
        give_up = time.monotonic() + 60
        while not is_answering(child):
            assert time.monotonic() < give_up
            time.sleep(0.05)
        with pytest.raises(ServiceNotReady, match=r"503.*no answer"):
            wait_ready(child, timeout_s=2)
    assert child.process.poll() is not None


def test_a_service_that_does_not_end_is_killed_after_the_grace(settings: BaseConfig) -> None:
    with tiny(settings, "stubborn", grace_s=0.5) as child:
        wait_ready(child, timeout_s=30)
        asked_at = time.monotonic()
    assert child.process.returncode == -signal.SIGKILL
    assert time.monotonic() - asked_at < 20


def test_a_port_in_use_is_told_before_anything_starts(settings: BaseConfig) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.training_port))
        other.listen()
        with pytest.raises(PortInUse, match="CLARA_TRAINING_PORT") as caught, tiny(settings):
            pass
        assert not caught.value.is_clara
    assert not settings.logs_dir.exists()


def test_a_service_that_runs_already_is_recognised(settings: BaseConfig) -> None:
    with tiny(settings) as child:
        wait_ready(child, timeout_s=30)
        with pytest.raises(PortInUse, match="runs already") as caught:
            require_free_port(TINY, settings)
        assert caught.value.is_clara


def test_a_service_whose_code_is_not_there_is_not_installed(settings: BaseConfig) -> None:
    absent = replace(TRAINING, name="serving", module="backend.nowhere.app")
    assert is_installed(TINY)
    assert not is_installed(absent)
    assert not is_installed(replace(absent, module="no_such_package.app"))
    with pytest.raises(ServiceNotInstalled, match="Installed are: training"), running([TINY, absent], settings):
        pass


def test_stop_signals_only_set_a_flag_and_old_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as is_stopping:
        assert not is_stopping()
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_stopping()
    assert signal.getsignal(signal.SIGTERM) is before
