from collections.abc import Callable
from pathlib import Path

import pytest

from shared.database.audit.anchoring import ANCHORED, Anchoring
from shared.database.audit.anchors import AnchorFile
from shared.database.audit.verify import verify_installation
from shared.database.stores import Stores, memory_stores
from tests.support.store_values import an_audit


class Seconds:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stores() -> Stores:
    return memory_stores()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def anchoring(stores: Stores, tmp_path: Path, seconds: Seconds) -> Anchoring:
    return Anchoring(stores.audit, tmp_path, every_s=300, every_rows=5, monotonic=seconds)


@pytest.fixture
def write(stores: Stores) -> Callable[[int], None]:
    def write(number: int) -> None:
        for _ in range(number):
            stores.audit.append(an_audit())

    return write


def test_an_anchor_is_in_the_file_and_in_the_log(
    stores: Stores, anchoring: Anchoring, write: Callable[[int], None], tmp_path: Path
) -> None:
    write(3)
    head = stores.audit.head()

    anchor = anchoring.anchor()

    assert anchor is not None
    assert (anchor.seq, anchor.hash) == (head.seq, head.hash)
    assert AnchorFile(tmp_path / "audit" / "anchors.jsonl").read() == [anchor]
    newest = stores.audit.records(limit=1)[0].entry
    assert (newest.action, newest.object_id, newest.detail["signature"]) == (ANCHORED, "3", anchor.signature)
    assert verify_installation(stores.audit, tmp_path).anchors == 1


def test_an_anchor_is_made_after_so_many_entries(anchoring: Anchoring, write: Callable[[int], None]) -> None:
    write(4)
    assert anchoring.anchor_if_due() is None
    write(1)
    assert anchoring.anchor_if_due() is not None
    assert anchoring.anchor_if_due() is None


def test_an_anchor_is_made_after_so_much_time(
    anchoring: Anchoring, write: Callable[[int], None], seconds: Seconds
) -> None:
    write(1)
    seconds.now = 299
    assert anchoring.anchor_if_due() is None
    seconds.now = 300
    assert anchoring.anchor_if_due() is not None


def test_nothing_is_anchored_where_nothing_happened(
    stores: Stores, anchoring: Anchoring, write: Callable[[int], None], seconds: Seconds
) -> None:
    seconds.now = 300
    assert anchoring.anchor_if_due() is None
    write(1)
    anchoring.anchor()
    rows = stores.audit.head().seq
    for turn in range(5):
        seconds.now += 300 * turn
        assert anchoring.anchor_if_due() is None
    assert stores.audit.head().seq == rows


def test_a_second_process_goes_on_where_the_first_one_stopped(
    stores: Stores, anchoring: Anchoring, write: Callable[[int], None], tmp_path: Path
) -> None:
    write(2)
    first = anchoring.anchor()
    other = Anchoring(stores.audit, tmp_path, every_rows=2)
    assert other.anchor() is None
    write(2)

    second = other.anchor_if_due()

    assert first is not None
    assert second is not None
    assert (second.key_id, second.seq) == (first.key_id, 5)
    assert verify_installation(stores.audit, tmp_path).is_intact


def test_a_log_that_became_shorter_is_anchored_and_still_found_out(
    stores: Stores, anchoring: Anchoring, write: Callable[[int], None], tmp_path: Path
) -> None:
    write(9)
    anchoring.anchor()
    older = memory_stores()
    older.audit.append(an_audit())

    Anchoring(older.audit, tmp_path).anchor()

    report = verify_installation(older.audit, tmp_path)
    assert [finding.kind.value for finding in report.findings] == ["cut_off"]
