"""Prove that nobody changed the audit log: every row follows from the one before it, and the anchors fit."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from shared.database.audit.anchoring import ANCHORED, AUDIT_FOLDER
from shared.database.audit.anchors import ANCHOR_FILE, Anchor, AnchorFile
from shared.database.audit.signing_key import public_key
from shared.database.audit.told import Evidence, ToldAnchors
from shared.database.base import AuditStore
from shared.models.audit_chain import GENESIS, AuditHead, AuditLink

MOST_FINDINGS = 100
_BATCH = 1000
_BEFORE_ALL = -(2**63)


class FindingKind(StrEnum):
    """What can be wrong with a log."""

    CHANGED = "changed"
    MISSING = "missing"
    HEAD = "head"
    CUT_OFF = "cut_off"
    REPLACED = "replaced"
    ANCHOR = "anchor"


_WORDS: Mapping[FindingKind, str] = {
    FindingKind.CHANGED: "row {seq} is not what was written after the row before it",
    FindingKind.MISSING: "row {seq} stands where row {expected} should",
    FindingKind.HEAD: "the rows end at {seq}, the head of the chain says {expected}",
    FindingKind.CUT_OFF: "the log ends at row {seq}, but row {expected} was anchored: its end was cut off, or an older "
    "database took its place",
    FindingKind.REPLACED: "row {seq} is not the one that was anchored: the log was written anew, or an older database "
    "took its place",
    FindingKind.ANCHOR: "anchor {seq}: {expected}",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Args:
        kind: What.
        seq: Row it shows at (or line of an anchor that is none).
        message: In words.
    """

    kind: FindingKind
    seq: int
    message: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a look at the whole log found.

    Args:
        rows: How many rows there are.
        head: Where the rows end.
        anchors: How many anchors were compared.
        findings: The first `MOST_FINDINGS` things that are wrong.
        wrong: How many there are in all.
        reach: The newest anchor of the copy, without one that of the file, which says nothing of rows after it.
        newer: How many anchors the copy lacks because it is older.
    """

    rows: int
    head: AuditHead
    anchors: int
    findings: Sequence[Finding]
    wrong: int
    reach: Anchor | None = None
    newer: int = 0

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong."""
        return self.wrong == 0


@dataclass
class _Findings:
    first: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, kind: FindingKind, seq: int, expected: object = None) -> None:
        self.count += 1
        if len(self.first) < MOST_FINDINGS:
            self.first.append(Finding(kind, seq, _WORDS[kind].format(seq=seq, expected=expected)))


def verify_installation(
    store: AuditStore,
    home: Path,
    *,
    anchors: Path | None = None,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> AuditReport:
    """Verify a log against the anchors below CLARA_HOME, and against a copy of them that was kept elsewhere.

    Args:
        store: The log.
        home: CLARA_HOME.
        anchors: The copy. It may be older than the file of anchors: what is newer must be in that one.
        on_rows: Told how many rows were read so far.

    Raises:
        Unavailable: If database, anchors or public key cannot be read.
    """
    folder = home / AUDIT_FOLDER

    def read() -> Evidence:
        copy = None if anchors is None else AnchorFile(anchors).read()
        return Evidence(AnchorFile(folder / ANCHOR_FILE).read(), copy, public_key(folder))

    return verify(store, read, on_rows=on_rows)


def verify(
    store: AuditStore,
    read: Callable[[], Evidence] = Evidence,
    *,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> AuditReport:
    """Read the whole log once, in batches; others may go on writing and anchoring meanwhile.

    Args:
        store: The log.
        read: Gets what to compare it with: before the first row, and once more for anchors that were made since.
        on_rows: Told how many rows were read so far.

    Raises:
        Unavailable: If the database cannot serve, or the evidence cannot be read.
    """
    findings, evidence = _Findings(), read()
    trusted = list(_trusted(evidence, findings))
    told = ToldAnchors(evidence)
    chain = _Chain(trusted, told, findings)
    head = _walk(store, chain, on_rows)
    if (head.seq, head.hash) != (chain.seq, chain.previous):
        findings.add(FindingKind.HEAD, chain.seq, head.seq)
    for seq in sorted({anchor.seq for anchor in trusted if anchor.seq > chain.seq}):
        findings.add(FindingKind.CUT_OFF, chain.seq, seq)
    for seq, reason in told.missing(read):
        findings.add(FindingKind.ANCHOR, seq, reason)
    end = AuditHead(chain.seq, chain.previous)
    reach = _reach(evidence, set(trusted))
    return AuditReport(chain.rows, end, len(trusted), tuple(findings.first), findings.count, reach, told.newer)


def _trusted(evidence: Evidence, findings: _Findings) -> Iterator[Anchor]:
    """The signed anchors of file and copy, each once."""
    seen: set[Anchor] = set()
    for name, lines in (("file", evidence.file), ("copy", evidence.copy or ())):
        for line, anchor in enumerate(lines, start=1):
            if anchor is None:
                findings.add(FindingKind.ANCHOR, line, f"this line of the {name} is no anchor")
            elif anchor not in seen:
                seen.add(anchor)
                if evidence.key is not None and anchor.is_signed_by(evidence.key):
                    yield anchor
                else:
                    findings.add(FindingKind.ANCHOR, anchor.seq, "it was not signed by the key of this installation")


def _reach(evidence: Evidence, trusted: set[Anchor]) -> Anchor | None:
    lines = evidence.file if evidence.copy is None else evidence.copy
    return max((each for each in lines if each in trusted), key=lambda each: each.seq, default=None)


def _walk(store: AuditStore, chain: "_Chain", on_rows: Callable[[int], None]) -> AuditHead:
    """Take all rows, those included that are written meanwhile; returns the head that belongs to the last of them."""
    after = _BEFORE_ALL
    while True:
        while batch := store.links(after=after, limit=_BATCH):
            for link in batch:
                chain.take(link)
            after = batch[-1].seq
            on_rows(chain.rows)
        head = store.head()
        if head.seq <= chain.seq or not store.links(after=after, limit=1):
            return head


class _Chain:
    """Walks along the rows; after a break it goes on from what it found, so that every break is told once."""

    def __init__(self, anchors: Sequence[Anchor], told: ToldAnchors, findings: _Findings) -> None:
        self.seq, self.previous, self.rows = 0, GENESIS, 0
        self._told = told
        self._findings = findings
        # a row may have been anchored twice: before and after an older database took the place of ours
        self._anchored: dict[int, set[str]] = defaultdict(set)
        for anchor in anchors:
            self._anchored[anchor.seq].add(anchor.hash)

    def take(self, link: AuditLink) -> None:
        if link.seq != self.seq + 1:
            self._findings.add(FindingKind.MISSING, link.seq, self.seq + 1)
        elif not link.follows(self.previous):
            self._findings.add(FindingKind.CHANGED, link.seq)
        if not self._anchored.get(link.seq, set()) <= {link.hash}:
            self._findings.add(FindingKind.REPLACED, link.seq)
        if link.columns["action"] == ANCHORED:
            self._told.take(link)
        self.seq, self.previous, self.rows = link.seq, link.hash, self.rows + 1
