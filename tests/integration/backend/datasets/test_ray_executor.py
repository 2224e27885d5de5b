"""Quality measured on a real Ray cluster of two nodes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.database.stores import open_stores
from tests.support.curated import FIGURES, PROSE, a_law, different_prose
from tests.support.ray_cluster import MISSING, RayCluster, is_installed, ray_cluster

needs_ray = pytest.mark.skipif(not is_installed(), reason=MISSING)
COMMAND = (sys.executable, "-m", "backend.datasets.curation", "run")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    stores = open_stores(sqlite_url)
    prose = different_prose(1800)
    laws = [a_law(f"{n:03}.md", *prose[n * 6 : n * 6 + 6]) for n in range(300)]
    stores.documents.put_many([*laws, a_law("x.md", PROSE, FIGURES)])
    stores.close()
    return sqlite_url


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with ray_cluster() as running:
        yield running


def settings(home: Path, database_url: str, **more: str) -> dict[str, str]:
    return {
        "CLARA_ENVIRONMENT": "testing",
        "CLARA_HOME": str(home),
        "CLARA_DATABASE_URL": database_url,
        "CLARA_QUALITY_WORKERS": "1",
        **more,
    }


def without_ray() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def result_of(environment: Mapping[str, str], code: int = 0) -> dict[str, Any]:
    done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr[-3000:]
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


def signals_below(home: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in home.rglob("*.parquet")}


@needs_ray
def test_a_cluster_writes_the_bytes_of_one_machine_also_when_a_node_dies(
    tmp_path: Path, database_url: str, cluster: RayCluster
) -> None:
    local = result_of({**without_ray(), **settings(tmp_path / "a", database_url)})
    on_ray = {"CLARA_QUALITY_EXECUTOR": "ray", "CLARA_QUALITY_RAY_ADDRESS": cluster.address}
    environment = {**cluster.environment, **settings(tmp_path / "b", database_url, **on_ray)}
    lines = []
    with subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if not line.startswith("{"):
                continue  # Ray has something to say
            lines.append(json.loads(line))
            if len(lines) == 2:  # the first bucket is measured
                cluster.kill_second_node()

    assert child.returncode == 0, lines[-1]
    assert {name: lines[-1][name] for name in ("event", "sections", "decisions", "rules", "duplicates")} == {
        name: local[name] for name in ("event", "sections", "decisions", "rules", "duplicates")
    }
    assert len(signals_below(tmp_path / "a")) == 4
    assert signals_below(tmp_path / "b") == signals_below(tmp_path / "a")


def test_without_ray_it_is_said_what_to_install(tmp_path: Path, database_url: str) -> None:
    told = result_of(
        {**without_ray(), **settings(tmp_path, database_url, CLARA_QUALITY_EXECUTOR="ray")},
        code=2,
    )

    assert (told["code"], told["family"]) == ("no_ray", "Unavailable")
    assert "clara-finetuning[ray]" in told["message"]


@needs_ray
def test_an_address_where_no_cluster_is_is_named(tmp_path: Path, database_url: str, cluster: RayCluster) -> None:
    nowhere = {"CLARA_QUALITY_EXECUTOR": "ray", "CLARA_QUALITY_RAY_ADDRESS": "127.0.0.1:1"}

    told = result_of({**cluster.environment, **settings(tmp_path, database_url, **nowhere)}, code=2)

    assert told["code"] == "no_ray"
    assert "127.0.0.1:1" in told["message"]
