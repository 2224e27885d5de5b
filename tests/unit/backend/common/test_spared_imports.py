"""What an idle service holds in memory: modules, since megabytes differ between machines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend.common.spared_imports import SPARED

# what only children, requests of some kind, other environments or other settings need
NEEDED_LATER = {
    "torch", "transformers", "numpy", "pandas", "pyarrow", "datasets", "tokenizers", "lingua", "ftfy", "fsspec",
    "matplotlib", "jinja2", "lxml", "pypdf", "docx", "zstandard", "multiprocessing.pool", "xml.etree.ElementTree",
    "jose", "cryptography", "httpx", "requests", "urllib3", "alembic", "sqlalchemy.orm", "psycopg", "neo4j", "chromadb",
    "Stemmer", "mlflow", "ray", "prometheus_client", "http.server", "wsgiref", "watchfiles", "difflib",
    "anyio._backends._asyncio", "concurrent.futures.process", "tarfile", "pydantic.v1", "pydantic.v1.main",
    "backend.datasets.pii.scanner", "backend.datasets.pii.policy",
}  # fmt: skip

STARTED = """
import asyncio, json, sys
app = __import__(sys.argv[1], fromlist=["create_app"])
from config import get_config
application = app.create_app(get_config())

async def idle():
    async with application.router.lifespan_context(application):
        await asyncio.sleep(0.3)  # first looks for work, first feeding of the search stores

asyncio.run(idle())
print(json.dumps([name for name, loaded in sys.modules.items() if loaded is not None]))
"""


@pytest.mark.parametrize("module", ["backend.training.app", "backend.datasets.app"])
def test_an_idle_service_holds_nothing_that_is_needed_later_if_at_all(module: str, tmp_path: Path) -> None:
    environment = {
        "PATH": "",
        "PYTHONPATH": str(Path(__file__).parents[4]),
        "CLARA_HOME": str(tmp_path),
        "CLARA_ENVIRONMENT": "development",
        "CLARA_SECURITY_MODE": "debug",
        "CLARA_WARM_TRAINER": "off",
    }
    # the first start makes the database, for which more is needed
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", STARTED, module],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert sorted(loaded & NEEDED_LATER) == []
    assert loaded.isdisjoint(SPARED)
