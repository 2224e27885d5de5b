"""What the async tests of this folder run on."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
