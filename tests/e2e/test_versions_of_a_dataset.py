"""A person makes the next version of a dataset, sees what differs, follows its build, and withdraws it."""

import json
from pathlib import Path

from tests.support.installation import Installation

ORDINANCE = """# Satzung über die Baugenehmigung

## § 1 Zweck

Die Stadt erteilt die Baugenehmigung für jedes Vorhaben in einem Verfahren, das in dieser Satzung und in den Gesetzen
des Landes geregelt ist, sobald die Unterlagen vollständig sind.
"""


def test_from_a_second_version_to_its_withdrawal(ready: tuple[Installation, str], tmp_path: Path) -> None:
    it, first = ready
    (tmp_path / "neu.md").write_text(ORDINANCE, encoding="utf-8")
    assert it.clara("ingest", str(tmp_path), "--source", "sample").returncode == 0

    made = it.clara("datasets", "create", "zweite", "--query", "*", "--top-k", "1000", "--parent", first, "--json")
    second = json.loads(made.stdout)["dataset_id"]
    lines = it.clara("datasets", "events", second, "--follow", "--json").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    assert events[-1]["payload"]["status"] == "completed"

    versions = json.loads(it.clara("datasets", "versions", first, "--json").stdout)["versions"]
    assert [(each["version"], each["dataset_id"]) for each in versions] == [(2, second), (1, first)]
    diff = json.loads(it.clara("datasets", "diff", second, "--of", "documents", "--json").stdout)
    assert diff["counts"]["documents"]["added"] >= 1
    assert "neu.md" in [(each["after"] or {}).get("path") for each in diff["changes"]]

    withdrawn = it.clara("datasets", "withdraw", second, "--reason", "Einwilligung widerrufen", "--yes")
    assert withdrawn.returncode == 0, withdrawn.stderr
    refused = it.clara("datasets", "export", second, "--format", "csv")
    assert (refused.returncode, "Einwilligung widerrufen" in refused.stderr) == (5, True)
    untrained = it.clara("train", "--dataset", second)
    assert untrained.returncode == 5, untrained.stdout + untrained.stderr
    assert "withdrawn" in untrained.stderr
