"""Anchors that the log tells of: each must be in the file of anchors, which whoever owns the database cannot write.

A service may anchor while a log is verified. It writes the file first and the log second, so an anchor that the log
tells of and the file lacked at the start is looked for once more when all rows were read.

A copy of the file that is kept elsewhere is always older than the file: anchors that are newer than all of the copy
must be in the file itself. One that was taken out of its middle makes no older copy.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.database.audit.anchors import Anchor, anchor_from
from shared.database.audit.signing_key import key_id_of
from shared.models.audit_chain import AuditLink

_NO_FILE = "the log tells of it, but there is no file of anchors"
_NOT_IN_FILE = "the log tells of it, but the file of anchors lacks it"
_EMPTY_COPY = "the log tells of it, but the copy holds no anchor"
_NOT_IN_COPY = "the log tells of it, but the copy lacks it and is no older one: it holds anchors that were made later"
_IN_NEITHER = "the log tells of it, but neither the copy nor the file of anchors of this installation has it"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a log is compared with.

    Args:
        file: Lines of the file of anchors; None for a line that is none.
        copy: Lines of a copy of it that was kept elsewhere; None: there is none.
        key: Public key of the installation; without it only an empty file is right.
    """

    file: Sequence[Anchor | None] = ()
    copy: Sequence[Anchor | None] | None = None
    key: Any = None


class ToldAnchors:
    """Collects what the log tells of and the asked file lacks: the copy if there is one, the file of anchors otherwise.

    Args:
        evidence: As it was before the first row was read.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.newer = 0
        self._copy = None if evidence.copy is None else _numbers(evidence.copy)
        self._file = _numbers(evidence.file)
        self._asked = self._file if self._copy is None else self._copy
        # by key: one of another installation, such as a copy of this one for tests, says nothing about our file
        self._lacking: dict[str, set[int]] = defaultdict(set)

    def take(self, link: AuditLink) -> None:
        """Note the anchor that a row tells of, if it tells of one."""
        try:
            told = anchor_from(json.loads(link.columns["detail"] or ""))
        except (ValueError, RecursionError):
            return
        if told is not None and told.seq not in self._asked:
            self._lacking[told.key_id].add(told.seq)

    def missing(self, read: Callable[[], Evidence]) -> Iterator[tuple[int, str]]:
        """Row and reason of what is missing; `newer` is right afterwards.

        Args:
            read: Gets the evidence as it is now; called if there is anything to look for.

        Raises:
            Unavailable: If it cannot be read.
        """
        if not self._lacking:
            return
        now = read()
        wanted = set().union(*self._lacking.values())
        self._file |= {each.seq for each in _signed(now, wanted)}
        later = self._later_than_copy(now.file)
        for key_id, numbers in self._lacking.items():
            is_ours = now.key is not None and key_id == key_id_of(now.key)
            for seq in sorted(numbers):
                reason = self._reason_of_file(seq, is_ours) if self._copy is None else self._reason(seq, is_ours, later)
                if reason is not None:
                    yield seq, reason

    def _reason_of_file(self, seq: int, is_ours: bool) -> str | None:
        if seq in self._file:
            return None
        if not self._file:
            return _NO_FILE
        # a file may have been begun after it
        return _NOT_IN_FILE if is_ours and seq > min(self._file) else None

    def _reason(self, seq: int, is_ours: bool, later: set[int]) -> str | None:
        """Why an anchor that a copy lacks is missed."""
        if not self._copy:
            return _EMPTY_COPY
        if not is_ours:
            return None
        if min(self._copy) < seq < max(self._copy) and seq not in later:
            return _NOT_IN_COPY
        begun = min(self._file or self._copy)
        if seq not in self._file and seq > begun:
            return _IN_NEITHER
        self.newer += seq > min(self._copy)
        return None

    def _later_than_copy(self, lines: Sequence[Anchor | None]) -> set[int]:
        """What the file got after the newest line of the copy; a smaller number, if two services anchor at once."""
        shared = (place for place, each in enumerate(lines) if each is not None and each.seq in (self._copy or ()))
        return _numbers(lines[max(shared, default=-1) + 1 :])


def _numbers(lines: Iterable[Anchor | None]) -> set[int]:
    return {each.seq for each in lines if each is not None}


def _signed(evidence: Evidence, wanted: set[int]) -> Iterator[Anchor]:
    for each in evidence.file:
        if each is not None and each.seq in wanted and evidence.key is not None and each.is_signed_by(evidence.key):
            yield each
