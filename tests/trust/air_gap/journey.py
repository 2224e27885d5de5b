"""From documents to a finished job on embedded stores: `python -m tests.trust.air_gap.journey FOLDER`.

Services and commands as a person has them; only the trainer is the one that needs no model.
"""

import json
import sys
from pathlib import Path

from tests.support.dataset_service import markdown_parts
from tests.support.installation import Installation, dataset_of, installation, until


def main(folder: Path) -> int:
    documents = folder / "documents"
    documents.mkdir(parents=True)
    for _, (name, content, _) in markdown_parts(12):
        (documents / Path(name).name).write_bytes(content)
    with installation(folder / "home") as it, it.client() as client:
        done = _clara(it, "ingest", str(documents), "--source", "here", "--json")
        found = _clara(it, "search", "Satzung", "--json")
        dataset = dataset_of(client, "here", export_formats=["jsonl", "parquet"])
        job_id = client.jobs.submit(trainer_type="probe", config={"probe": {"steps": 5}}).job_id
        job = until(client, job_id, lambda job: job.status.is_terminal)
        certificate = _clara(it, "admin", "certs", "init", "--json")
    figures = {
        "ingested": done["ingested"],
        "hits": len(found.get("hits", found.get("results", []))),
        "dataset": dataset.status,
        "job": job.status,
        "certificate": certificate["state"],
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if (dataset.status, job.status) == ("completed", "completed") else 1


def _clara(it: Installation, *arguments: str) -> dict[str, object]:
    done = it.clara(*arguments)
    if done.returncode != 0:
        raise SystemExit(f"clara {' '.join(arguments)}: {done.stdout}{done.stderr}")
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
