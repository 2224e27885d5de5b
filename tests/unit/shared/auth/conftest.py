"""Keys are slow to make: one pair for all tests of this folder."""

import pytest

from tests.support.issuer import IssuerKey


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def key() -> IssuerKey:
    return IssuerKey.make("key-1")


@pytest.fixture(scope="session")
def other_key() -> IssuerKey:
    return IssuerKey.make("key-2")
