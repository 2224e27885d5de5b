"""Every place that opens a connection goes through the guard; a new one has to be entered here, with its guard."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.support.outgoing_calls import Opening, openings, openings_below

ROOT = Path(__file__).parents[4]
ROOM = "shared/outgoing/"
# file -> what guards the connections that it opens
GUARDED = {
    # named by settings: public addresses, and those that CLARA_OUTGOING_ALLOWED lists
    "backend/datasets/synthetic/endpoint.py": "GuardedTransport",
    "backend/training/exports/export_main.py": "guard_this_process",
    "shared/auth/jwks.py": "AsyncGuardedTransport",
    "shared/database/embeddings/endpoint.py": "GuardedTransport",
    # databases, shares, clusters and the hub: public addresses and those of our own network
    "backend/datasets/curation/ray_executor.py": "resolved",
    "backend/training/utils/base_model.py": "guard_this_process",
    "shared/database/adapters/bolt/link.py": "GuardedLoop",
    "shared/database/adapters/chroma_connection.py": "GuardedTransport",
    "shared/database/adapters/couch/courier.py": "AsyncGuardedTransport",
    "shared/database/adapters/postgres/bounded.py": "with_addresses",
    "shared/database/engine.py": "with_addresses",
}
# file -> why its openings need none
ELSEWHERE = {
    "backend/common/listening.py": "looks up where it listens itself",
    "backend/training/workers/warm/warm_trainer.py": "a Unix socket of its own",
    "shared/object_storage.py": "runs in the worker of builds, which is guarded as a process before",
}
# programs of a person, who says where they go and with whose rights they run
OF_A_PERSON = {
    "frontend/cli/doctor.py",
    "frontend/cli/service_ports.py",
    "frontend/cli/service_process.py",
    "frontend/client/login/provider.py",
    "frontend/client/transport.py",
    "frontend/client/watch.py",
}


@cache
def of_services() -> tuple[Opening, ...]:
    found = openings_below(ROOT, "backend", "shared", "config")
    return tuple(each for each in found if not each.file.startswith(ROOM))


def test_services_open_connections_in_these_places_and_nowhere_else() -> None:
    assert {each.file for each in of_services()} == set(GUARDED) | set(ELSEWHERE)


def test_programs_of_a_person_open_connections_in_these_places() -> None:
    assert {each.file for each in openings_below(ROOT, "frontend", "admin")} == OF_A_PERSON


def test_every_http_client_of_a_service_is_given_a_transport() -> None:
    clients = [each for each in of_services() if each.what.startswith("httpx.")]

    assert clients
    assert [f"{each.file}:{each.line}" for each in clients if not each.has_transport] == []


@pytest.mark.parametrize(("file", "guard"), GUARDED.items())
def test_a_place_that_opens_connections_uses_its_guard(file: str, guard: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))

    used = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}

    assert guard in used


def test_the_worker_of_builds_is_guarded_before_it_publishes() -> None:
    source = (ROOT / "backend/datasets/workers/build_worker.py").read_text(encoding="utf-8")

    assert 0 < source.index("guard_this_process(OWN_SERVERS)") < source.index("copy_folder(Path(")
    users = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "backend").rglob("*.py")
        if "import copy_folder" in file.read_text(encoding="utf-8")
    ]
    assert users == ["backend/datasets/workers/build_worker.py"]


@pytest.mark.parametrize(
    "source",
    [
        "import httpx as h\nh.get('http://x')",
        "from httpx import Client as C\nC()",
        "def f():\n    import httpx\n    return httpx.AsyncClient(trust_env=False)",
        "import socket\nsocket.create_connection(('x', 1))",
        "one.connect(('x', 1))",
        "loop.create_connection(make, 'x', 1)",
        "import asyncio\nasyncio.open_connection('x', 1)",
        "import urllib.request",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import requests",
        "from http.client import HTTPConnection",
        "from importlib import import_module\nimport_module('requests')",
        "__import__('urllib.request')",
        "from neo4j import GraphDatabase\nGraphDatabase.driver('bolt://x')",
        "import chromadb\nchromadb.HttpClient()",
        "import psycopg\npsycopg.connect('')",
        "from sqlalchemy import create_engine\ncreate_engine('postgresql://x')",
        "import fsspec\nfsspec.open('s3://x')",
        "from huggingface_hub import hf_hub_download\nhf_hub_download('x', 'y')",
    ],
)
def test_a_new_client_is_seen_however_it_is_written(source: str) -> None:
    assert list(openings(source))


@pytest.mark.parametrize(
    "source",
    [
        "import sqlite3\nsqlite3.connect('file.db')",
        "from urllib.parse import urlsplit\nurlsplit('http://x')",
        "import httpx\nhttpx.Limits()",
        "import socket\nsocket.gethostname()",
        "engine.connect()",
    ],
)
def test_what_opens_no_connection_is_left_alone(source: str) -> None:
    assert not list(openings(source))
