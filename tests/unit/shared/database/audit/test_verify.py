import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shared.database.audit.anchoring import Anchoring
from shared.database.audit.anchors import AnchorFile
from shared.database.audit.verify import MOST_FINDINGS, AuditReport, FindingKind, verify, verify_installation
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

    def kinds(self, *, anchors: Path | None = None) -> list[FindingKind]:
        return [finding.kind for finding in verify_installation(self.store, self.home, anchors=anchors).findings]

    def lines(self) -> list[str]:
        return self.file.path.read_text().splitlines(keepends=True)

    def kept(self, name: str = "copy.jsonl") -> Path:
        """A copy of the anchors as they are now."""
        copy = self.home / name
        copy.write_bytes(self.file.path.read_bytes())
        return copy

    def verified_while(self, event: Callable[[], object], *, anchors: Path | None = None) -> AuditReport:
        """A verification in whose middle something happens."""
        events = iter([event])

        def on_rows(_: int) -> None:
            for happens in events:
                happens()

        return verify_installation(self.store, self.home, anchors=anchors, on_rows=on_rows)


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


def test_anchors_that_are_made_meanwhile_are_no_alarm(log: Log) -> None:
    log.write(5, anchored=True)

    report = log.verified_while(lambda: log.write(3, anchored=True))

    assert (report.is_intact, report.rows) == (True, 10)


def test_the_first_anchor_of_all_may_be_made_meanwhile(log: Log) -> None:
    log.write(5)

    report = log.verified_while(lambda: log.write(3, anchored=True))

    assert (report.is_intact, report.rows) == (True, 9)


def test_an_anchor_that_was_made_and_taken_out_meanwhile_is_missed(log: Log) -> None:
    log.write(5, anchored=True)

    def make_and_take_out() -> None:
        before = log.lines()
        log.write(3, anchored=True)
        log.file.path.write_text("".join(before))

    report = log.verified_while(make_and_take_out)

    assert [(finding.kind, finding.seq) for finding in report.findings] == [(FindingKind.ANCHOR, 9)]


def test_a_line_that_nobody_signed_stands_for_no_anchor(log: Log) -> None:
    for _ in range(3):
        log.write(2, anchored=True)
    lines = log.lines()
    log.file.path.write_text(lines[0] + lines[2])
    forged = json.dumps({**json.loads(lines[1]), "signature": "00" * 64}) + "\n"

    report = log.verified_while(lambda: log.file.path.write_text(lines[0] + forged + lines[2]))

    assert [(finding.kind, finding.seq) for finding in report.findings] == [(FindingKind.ANCHOR, 5)]


def test_a_copy_may_be_older_and_its_reach_is_told(log: Log) -> None:
    log.write(2, anchored=True)
    copy = log.kept()
    made_at = json.loads(log.lines()[0])["made_at"]
    for _ in range(3):
        log.write(2, anchored=True)

    report = verify_installation(log.store, log.home, anchors=copy)

    assert (report.is_intact, report.newer, report.anchors) == (True, 3, 4)
    assert report.reach is not None
    assert (report.reach.seq, report.reach.made_at) == (2, made_at)
    own = verify_installation(log.store, log.home)
    assert (own.newer, own.reach and own.reach.seq) == (0, 11)


def test_an_older_copy_hides_nothing_that_the_file_shows(log: Log) -> None:
    log.write(4, anchored=True)
    copy = log.kept()
    log.write(4, anchored=True)
    del log.state.audit_links[6:], log.state.audit[6:]

    assert log.kinds(anchors=copy) == [FindingKind.CUT_OFF]


@pytest.mark.parametrize("left", [0, 1, 2])
def test_newer_anchors_must_be_in_the_file_if_they_are_not_in_the_copy(log: Log, left: int) -> None:
    log.write(2, anchored=True)
    copy = log.kept()
    for _ in range(2):
        log.write(2, anchored=True)
    log.file.path.write_text("".join(log.lines()[:left]))

    assert log.kinds(anchors=copy) == [FindingKind.ANCHOR] * (3 - max(left, 1))


def test_a_copy_of_which_a_line_was_taken_out_is_no_older_one(log: Log) -> None:
    for _ in range(3):
        log.write(2, anchored=True)
    lines, copy = log.lines(), log.kept()
    copy.write_text(lines[0] + lines[2])

    assert log.kinds(anchors=copy) == [FindingKind.ANCHOR]


def test_a_copy_that_was_emptied_proves_nothing(log: Log) -> None:
    log.write(2, anchored=True)
    copy = log.kept()
    copy.write_text("")

    assert log.kinds(anchors=copy) == [FindingKind.ANCHOR]


def test_a_copy_made_between_two_services_that_anchor_at_once_is_an_older_one(log: Log) -> None:
    for _ in range(3):
        log.write(2, anchored=True)
    lines, copy = log.lines(), log.kept()
    # the later head was written down first
    log.file.path.write_text(lines[0] + lines[2] + lines[1])
    copy.write_text(lines[0] + lines[2])

    report = verify_installation(log.store, log.home, anchors=copy)

    assert (report.is_intact, report.newer) == (True, 1)


def test_the_file_itself_can_be_given_as_the_copy_while_anchors_are_made(log: Log) -> None:
    log.write(2, anchored=True)

    report = log.verified_while(lambda: log.write(2, anchored=True), anchors=log.file.path)

    assert report.is_intact


def test_a_copy_with_a_line_that_is_none_is_told(log: Log) -> None:
    log.write(2, anchored=True)
    copy = log.kept()
    copy.write_text(log.lines()[0] + "nonsense\n")

    report = verify_installation(log.store, log.home, anchors=copy)

    assert [finding.message for finding in report.findings] == ["anchor 2: this line of the copy is no anchor"]


def test_anchors_from_before_a_restored_backup_are_not_asked_of_file_or_copy(log: Log) -> None:
    for _ in range(3):
        log.write(2, anchored=True)
    copy_before = log.home / "before.jsonl"
    copy_before.write_text(log.lines()[0])
    log.file.path.rename(log.file.path.with_suffix(".before-restore"))
    log.write(2, anchored=True)

    assert log.kinds() == []
    assert log.kinds(anchors=copy_before) == []
    assert log.kinds(anchors=log.kept()) == []
