"""An ingest that is killed in the middle ends, run again, where one without a kill ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.datasets.ingest.pipeline import ingest_paths
from shared.database.stores import memory_stores, open_stores

# kills itself at its so-manieth step of a kind: somebody else could be too late for it
INGEST = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
from backend.datasets.ingest.pipeline import ingest_paths
from shared.database.stores import open_stores

url, folder, wanted, left = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

def step(kind):
    global left
    left -= kind == wanted
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "before_cursor_execute")
def _(connection, cursor, statement, *_):
    step("insert" if statement.startswith("INSERT INTO document_versions") else "other statement")

ingest_paths([Path(folder)], store=open_stores(url).documents, source="amt", ingested_by="anna@amt.example",
             report=lambda event: step(event.kind))
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_kills_in_the_middle_leave_no_trace(sqlite_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "akten"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03}.md").write_text(f"# Akte {number}\n\n## § 1\n\nText {number}\n")
    (folder / "tabelle.csv").write_text("id,text\n" + "".join(f"{row},Zeile {row}\n" for row in range(100)))

    killed, whole = open_stores(sqlite_url), memory_stores()
    counts = []
    # behind a commit, in the middle of a batch, in the middle of a transaction, in the middle of a table
    for kind, number in (("committed", 1), ("file", 200), ("insert", 2), ("committed", 3)):
        _ingest_until(sqlite_url, folder, kind, number)
        counts.append(killed.documents.count())
    assert counts == [64, 192, 256, 448]
    for stores in (killed, whole):
        ingest_paths([folder], store=stores.documents, source="amt", ingested_by="anna@amt.example")
    states = [
        sorted((found.path, found.version, found.sha256) for found in stores.documents.page(limit=1000).items)
        for stores in (killed, whole)
    ]
    killed.close()

    assert states[0] == states[1]
    assert len(states[0]) == 500


def _ingest_until(url: str, folder: Path, kind: str, number: int) -> None:
    """Run an ingest up to its so-manieth step of a kind, where it dies."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", INGEST, url, str(folder), kind, str(number)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
