"""Where records come from."""

from backend.datasets.export.sources import SourceLedger
from shared.models.dataset import RecordFormat
from tests.contracts.exporter_contract import a_row


def _ledger(*documents: tuple[str, int], licence: str = "") -> SourceLedger:
    ledger = SourceLedger()
    for document_id, version in documents:
        row = a_row(1, "amt", RecordFormat.TEXT)
        metadata = {**row["metadata"], "licence": licence}
        ledger.add({**row, "metadata": metadata, "document_id": document_id, "document_version": version})
    return ledger


def test_records_are_counted_by_source_and_licence() -> None:
    ledger = _ledger(("a", 1), ("a", 1), ("b", 2), licence="§ 5 UrhG")

    assert ledger.counts == {("amt", "§ 5 UrhG"): 3}
    assert ledger.licences == ["§ 5 UrhG"]
    assert ledger.as_json()["documents"] == 2


def test_another_version_of_a_document_is_another_snapshot() -> None:
    snapshots = {
        _ledger(*documents).as_json()["snapshot_sha256"]
        for documents in ([("a", 1), ("b", 1)], [("a", 1), ("a", 1), ("b", 1)], [("a", 1), ("b", 2)], [("a", 1)])
    }

    assert len(snapshots) == 3


def test_rows_without_metadata_are_counted_too() -> None:
    ledger = SourceLedger()
    ledger.add({name: value for name, value in a_row(1, "amt", RecordFormat.TEXT).items() if name != "metadata"})

    assert ledger.counts == {("amt", ""): 1}
