from dataclasses import replace
from pathlib import Path

import pytest

from shared.database.audit.anchoring import Anchoring
from shared.database.audit.anchors import AnchorFile
from shared.database.audit.verify import MOST_FINDINGS, FindingKind, verify, verify_installation
from shared.database.memory.audit_store import MemoryAuditStore
from shared.database.memory.state import MemoryState
from shared.models.audit_chain import AuditHead
from tests.support.store_values import an_audit


class Log:
    """A log in memory that a test reaches into, and its anchors."""

    def __init__(self, home: Path) -> None:
        self.home, self.state = home, MemoryState()
        self.store = MemoryAuditStore(self.state)
        self.file = AnchorFile(home / "audit" / "anchors.jsonl")

    def write(self, number: int, *, anchored: bool = False) -> None:
        for _ in range(number):
            self.store.append(an_audit())
        if anchored:
            Anchoring(self.store, self.home).anchor()

    def kinds(self) -> list[FindingKind]:
        return [finding.kind for finding in verify_installation(self.store, self.home).findings]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_each_break_is_told_once_with_its_row(log: Log) -> None:
    log.write(10)
    links = log.state.audit_links
    links[4] = replace(links[4], moment="2026-01-01 00:00:00.000000")
    del links[7]

    report = verify(log.store)

    assert [(finding.kind, finding.seq) for finding in report.findings] == [
        (FindingKind.CHANGED, 5),
        (FindingKind.MISSING, 9),
    ]
    assert "row 9 stands where row 8 should" in report.findings[1].message


def test_a_log_that_is_wrong_from_end_to_end_does_not_fill_memory(log: Log) -> None:
    log.write(MOST_FINDINGS + 50)
    log.state.audit_links[:] = [replace(link, moment="") for link in log.state.audit_links]

    report = verify(log.store)

    assert (len(report.findings), report.wrong) == (MOST_FINDINGS, MOST_FINDINGS + 50)


def test_a_head_that_says_otherwise_is_told(log: Log) -> None:
    log.write(3)
    log.store.head = lambda: AuditHead(3, "0" * 64)  # type: ignore[method-assign]  # a database of somebody else

    assert [finding.kind for finding in verify(log.store).findings] == [FindingKind.HEAD]


def test_an_end_that_was_anchored_cannot_be_cut_off(log: Log) -> None:
    log.write(5, anchored=True)
    del log.state.audit_links[3:], log.state.audit[3:]

    assert log.kinds() == [FindingKind.CUT_OFF]


def test_a_file_of_anchors_that_is_gone_is_missed(log: Log) -> None:
    log.write(5, anchored=True)
    log.file.path.unlink()

    assert log.kinds() == [FindingKind.ANCHOR]


def test_an_anchor_taken_out_of_the_file_is_missed(log: Log) -> None:
    for _ in range(3):
        log.write(2, anchored=True)
    lines = log.file.path.read_text().splitlines(keepends=True)
    log.file.path.write_text(lines[0] + lines[2])

    assert log.kinds() == [FindingKind.ANCHOR]


def test_after_a_restored_backup_anchors_begin_anew_in_a_new_file(log: Log) -> None:
    log.write(5, anchored=True)
    log.write(5, anchored=True)
    del log.state.audit_links[6:], log.state.audit[6:]
    assert log.kinds() == [FindingKind.CUT_OFF]
    log.file.path.rename(log.file.path.with_suffix(".before-restore"))
    log.write(1, anchored=True)

    assert log.kinds() == []


def test_anchors_of_another_key_count_for_nothing(log: Log, tmp_path: Path) -> None:
    log.write(2, anchored=True)
    other = Log(tmp_path / "other")
    other.write(2, anchored=True)
    log.file.path.write_bytes(other.file.path.read_bytes())

    assert FindingKind.ANCHOR in log.kinds()


def test_a_copy_of_the_anchors_can_be_compared_with(log: Log, tmp_path: Path) -> None:
    log.write(2, anchored=True)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(log.file.path.read_bytes())
    log.file.path.unlink()

    assert verify_installation(log.store, log.home, anchors=copy).is_intact
    assert not verify_installation(log.store, log.home).is_intact
