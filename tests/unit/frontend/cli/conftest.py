"""A live contract server and the command line in front of it."""

from collections.abc import Iterator

import pytest

from frontend.cli.texts import language
from tests.support.cli import Clara
from tests.support.contract_app import ContractState, contract_app
from tests.support.live_server import live_server


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CLARA_LANG", "en")
    language.cache_clear()
    yield
    language.cache_clear()


@pytest.fixture
def state() -> ContractState:
    return ContractState()


@pytest.fixture
def clara(state: ContractState) -> Iterator[Clara]:
    with live_server(contract_app(state)) as url:
        yield Clara(url)
