"""What `clara doctor` finds on a machine."""

import socket
from pathlib import Path

import pytest

from config import BaseConfig
from frontend.cli.doctor import Finding, State, examine
from tests.support.live_server import free_port


def settings(home: Path, **changes: object) -> BaseConfig:
    ports = {"training_port": free_port(), "dataset_port": free_port(), "serving_port": free_port()}
    return BaseConfig.model_validate({"home": home} | ports | changes)


def finding(found: list[Finding], subject: str) -> Finding:
    return next(one for one in found if one.subject.startswith(subject))


@pytest.mark.slow
def test_a_healthy_machine_lacks_nothing_that_is_needed(tmp_path: Path) -> None:
    found = examine(settings(tmp_path))
    assert [one for one in found if one.state is State.MISSING] == []
    assert finding(found, "Python").state is State.OK
    assert "will be made" in finding(found, "Database (sqlite)").found
    assert "create-starter" in finding(found, "Default base model").to_do


@pytest.mark.slow
def test_everything_that_lacks_comes_with_the_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARA_TRAINIG_PORT", "1")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        url = f"postgresql+psycopg://clara:hunter2@127.0.0.1:{free_port()}/clara"
        found = examine(settings(tmp_path, training_port=port, database_url=url))
    assert (finding(found, f"Port {port}").state, finding(found, f"Port {port}").found) == (State.MISSING, "in use")
    database = finding(found, "Database (postgresql)")
    assert database.state is State.MISSING
    assert "hunter2" not in database.found
    assert finding(found, "CLARA_TRAINIG_PORT").to_do == "Did you mean CLARA_TRAINING_PORT?"
    assert all(one.to_do for one in found if one.state is State.MISSING)
