"""The training service with its real stores and workers, without a port."""

from pathlib import Path

import pytest

from backend.training.app import create_app
from config.testing import TestingConfig
from tests.support.services import client_of

pytestmark = pytest.mark.anyio


async def test_prometheus_reads_what_the_workers_do_for_as_long_as_the_service_runs(tmp_path: Path) -> None:
    app = create_app(TestingConfig(home=tmp_path, security_mode="debug", max_concurrent_jobs=2))
    for _ in range(2):
        async with app.router.lifespan_context(app), client_of(app) as client:
            text = (await client.get("/metrics")).text
        assert 'clara_worker_busy{worker="1"} 0.0' in text
        assert 'clara_worker_busy{worker="2"} 0.0' in text
    async with client_of(app) as client:
        assert "clara_worker_busy" not in (await client.get("/metrics")).text
