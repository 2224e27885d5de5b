"""An ingest that is killed in the middle ends, run again, where one without a kill ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.datasets.ingest.pipeline import ingest_paths
from shared.database.stores import memory_stores, open_stores

INGEST = """
import sys
from pathlib import Path
from backend.datasets.ingest.pipeline import ingest_paths
from shared.database.stores import open_stores

stores = open_stores(sys.argv[1])
ingest_paths([Path(sys.argv[2])], store=stores.documents, source="amt", ingested_by="anna@amt.example",
             report=lambda event: print(event.kind, flush=True))
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_kills_in_the_middle_leave_no_trace(sqlite_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "akten"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03}.md").write_text(f"# Akte {number}\n\n## § 1\n\nText {number}\n")
    (folder / "tabelle.csv").write_text("id,text\n" + "".join(f"{row},Zeile {row}\n" for row in range(100)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    for commits in (1, 2, 1):
        with subprocess.Popen(
            [sys.executable, "-c", INGEST, sqlite_url, str(folder)], env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                commits -= line.strip() == "committed"
                if commits == 0:
                    break
            process.send_signal(signal.SIGKILL)

    killed, whole = open_stores(sqlite_url), memory_stores()
    assert 64 <= killed.documents.count() < 500
    for stores in (killed, whole):
        ingest_paths([folder], store=stores.documents, source="amt", ingested_by="anna@amt.example")
    states = [
        sorted((found.path, found.version, found.sha256) for found in stores.documents.page(limit=1000).items)
        for stores in (killed, whole)
    ]
    killed.close()

    assert states[0] == states[1]
    assert len(states[0]) == 500
