"""A hundred edits of the audit log by somebody who owns the database: every one is detected.

Rows are changed, deleted, swapped, put in, cut off and written anew with a chain that is right in itself, and older
databases are restored, also such that have been written to since. Before every edit the log is found intact, and so it
is while eight threads write and anchor it. What nothing can show is the end of the log since the newest anchor, cut off
or written anew by somebody who moves the head along with it; how long that may be is a setting.
"""

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, update

from shared.database.audit.anchoring import Anchoring
from shared.database.audit.verify import AuditReport, verify_installation
from shared.database.engine import open_engine, read_transaction, write_transaction
from shared.database.sql.audit_writes import APPEND_AUDIT
from shared.database.sql_json import dump_json
from shared.database.stores import Stores, open_stores
from shared.database.tables import audit_head, audit_log
from shared.models.audit_chain import GENESIS, content_of, linked
from shared.models.events import AuditEntry
from tests.trust.place import Place

DATABASES = ("sqlite", "postgresql")
_ROWS = 60
_WRITERS, _EACH = 8, 10
_COLUMNS = (
    "actor",
    "action",
    "object_type",
    "object_id",
    "outcome",
    "detail",
    "request_id",
    "roles",
    "address",
    "hash",
)

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Kept:
    """A log as it was at some time."""

    rows: Rows
    head: dict[str, Any]


class Log:
    """The log under attack, and the hands that reach into its tables."""

    def __init__(self, place: Place, home: str = "home") -> None:
        self.home = place.folder / home
        self.url = place.new_database_url()
        self.stores: Stores = open_stores(self.url)
        self.engine = open_engine(self.url)
        self.anchoring = Anchoring(self.stores.audit, self.home)

    def write(self, number: int) -> None:
        for each in range(number):
            detail = {"subject": f"s{each}", "attempt": each, "score": each / 7, "reason": "Gebühr"}
            entry = AuditEntry("job.submitted", "job", f"job_{each}", "tina@amt.example", "ok", detail, "req-1")
            self.stores.audit.append(entry)

    def verified(self) -> AuditReport:
        return verify_installation(self.stores.audit, self.home)

    def kept(self) -> Kept:
        with read_transaction(self.engine) as connection:
            rows = [dict(row) for row in connection.execute(select(audit_log).order_by(audit_log.c.seq)).mappings()]
            return Kept(rows, dict(connection.execute(select(audit_head)).mappings().one()))

    def put(self, kept: Kept) -> None:
        """Let the tables hold exactly this."""
        with write_transaction(self.engine) as connection:
            connection.execute(delete(audit_log))
            connection.execute(delete(audit_head))
            if kept.rows:
                connection.execute(insert(audit_log), kept.rows)
            connection.execute(insert(audit_head).values(**kept.head))

    def close(self) -> None:
        self.stores.close()
        self.engine.dispose()


Edit = Callable[[Log, Kept, Kept, random.Random], None]


def run(place: Place) -> Mapping[str, Any]:
    """Fill and anchor a log, edit it again and again."""
    edits = place.scaled(full=100, fast=len(_EDITS))
    log = Log(place)
    log.write(_ROWS // 2)
    log.anchoring.anchor()
    old = log.kept()
    log.write(_ROWS // 2)
    log.anchoring.anchor()
    log.write(3)
    false_alarms = int(not _is_intact_while_written(log))
    now, chosen = log.kept(), random.Random(31)
    missed: dict[str, int] = {}
    for number in range(edits):
        name, edit = list(_EDITS.items())[number % len(_EDITS)]
        false_alarms += not log.verified().is_intact
        edit(log, now, old, chosen)
        if log.verified().is_intact:
            missed[name] = missed.get(name, 0) + 1
        log.put(now)
    false_alarms += not log.verified().is_intact
    log.close()
    old_files = _old_files(place) if place.database == "sqlite" else 0
    detected = edits - sum(missed.values())
    return {
        "holds": detected == edits and not false_alarms and not old_files,
        "edits": edits,
        "detected": detected,
        "kinds": len(_EDITS),
        "missed": missed,
        "old_files_missed": old_files,
        "false_alarms": false_alarms,
        "bounds": {"detected": edits},
    }


def _is_intact_while_written(log: Log) -> bool:
    def work(_: int) -> bool:
        log.write(_EACH)
        log.anchoring.anchor()
        return log.verified().is_intact

    before = log.verified()
    with ThreadPoolExecutor(_WRITERS) as pool:
        is_intact = all(list(pool.map(work, range(_WRITERS))))
    after = log.verified()
    # every anchor is a row as well
    written = _WRITERS * _EACH + after.anchors - before.anchors
    return is_intact and after.is_intact and after.rows == before.rows + written


def _old_files(place: Place) -> int:
    """Put an older file of the database back, as it is and with new rows: how many of the two go undetected."""
    # a home of its own: anchors of another log would be an alarm by themselves
    log, missed = Log(place, "home-of-old-files"), 0
    path = Path(log.url.removeprefix("sqlite:///"))
    log.write(10)
    log.close()
    shutil.copy(path, path.with_suffix(".old"))
    log.stores, log.engine = open_stores(log.url), open_engine(log.url)
    log.write(10)
    Anchoring(log.stores.audit, log.home).anchor()
    assert log.verified().is_intact
    log.close()
    shutil.copy(path.with_suffix(".old"), path)
    log.stores, log.engine = open_stores(log.url), open_engine(log.url)
    missed += log.verified().is_intact
    log.write(40)
    missed += log.verified().is_intact
    log.close()
    return missed


def _change(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    row, column = chosen.choice(now.rows), chosen.choice(_COLUMNS)
    other = {"detail": {**row["detail"], "attempt": -1}, "outcome": "refused" if row["outcome"] == "ok" else "ok"}
    _update(log, row["seq"], **{column: other.get(column, f"{row[column]}x")})


def _shift_time(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    row = chosen.choice(now.rows)
    _update(log, row["seq"], created_at=row["created_at"] + timedelta(milliseconds=1))


def _empty_to_null(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    row = chosen.choice([row for row in now.rows if row["address"] is None])
    _update(log, row["seq"], address="")


def _delete_one(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    _delete(log, [chosen.choice(now.rows)["seq"]])


def _delete_first(log: Log, _: Kept, __: Kept, chosen: random.Random) -> None:
    _delete(log, range(1, chosen.randint(2, 9)))


def _delete_and_renumber(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    gone = chosen.choice(now.rows)["seq"]
    left = [row for row in now.rows if row["seq"] != gone]
    log.put(Kept(_numbered(left), {**now.head, "seq": len(left)}))


def _swap(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    first, second = chosen.sample(range(len(now.rows) - 1), 2)
    rows = list(now.rows)
    rows[first], rows[second] = rows[second], rows[first]
    log.put(Kept(_numbered(rows), now.head))


def _swap_neighbours(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    at, rows = chosen.randrange(len(now.rows) - 1), list(now.rows)
    rows[at], rows[at + 1] = rows[at + 1], rows[at]
    log.put(Kept(_numbered(rows), now.head))


def _put_in(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    at = chosen.randrange(len(now.rows))
    forged = {**now.rows[at], "actor": "nobody"}
    rows = _numbered([*now.rows[:at], forged, *now.rows[at:]])
    log.put(Kept(rows, {**now.head, "seq": len(rows)}))


def _append_without_chain(log: Log, now: Kept, _: Kept, __: random.Random) -> None:
    forged = {**now.rows[-1], "seq": now.rows[-1]["seq"] + 1}
    with write_transaction(log.engine) as connection:
        connection.execute(insert(audit_log).values(**forged))


def _append_below_one(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    with write_transaction(log.engine) as connection:
        connection.execute(insert(audit_log).values(**{**now.rows[0], "seq": -chosen.randint(0, 9)}))


def _cut_off(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    _delete(log, [row["seq"] for row in now.rows[-chosen.randint(1, 40) :]])


def _cut_off_with_head(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    # below the newest anchor, see the docstring of this module
    left = now.rows[: chosen.randint(1, _ROWS - 5)]
    log.put(Kept(left, {**now.head, "seq": left[-1]["seq"], "hash": left[-1]["hash"]}))


def _empty(log: Log, now: Kept, _: Kept, __: random.Random) -> None:
    log.put(Kept([], now.head))


def _empty_with_head(log: Log, now: Kept, _: Kept, __: random.Random) -> None:
    log.put(Kept([], {**now.head, "seq": 0, "hash": GENESIS}))


def _begin_anew(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    _empty_with_head(log, now, now, chosen)
    log.write(_ROWS + 40)


def _write_anew(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    at = chosen.randrange(_ROWS - 5)
    rows = [{**row, "actor": "nobody"} if place == at else row for place, row in enumerate(now.rows)]
    log.put(_chained(rows, now))


def _leave_out_and_write_anew(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    at = chosen.randrange(_ROWS - 5)
    log.put(_chained(_numbered([*now.rows[:at], *now.rows[at + 1 :]]), now))


def _move_head(log: Log, now: Kept, _: Kept, chosen: random.Random) -> None:
    log.put(Kept(now.rows, {**now.head, "seq": now.head["seq"] + chosen.choice((-1, 1))}))


def _append_to_old(log: Log, _: Kept, old: Kept, chosen: random.Random) -> None:
    log.put(old)
    log.write(chosen.randint(1, _ROWS * 2))


def _append_unmoved(log: Log, now: Kept, _: Kept, __: random.Random) -> None:
    # the row is added as our own code does, but the head stays where it is
    given = {"of_" + name: now.rows[-1][name] for name in _COLUMNS if name != "hash"}
    with write_transaction(log.engine) as connection:
        connection.execute(update(audit_head).values(seq=audit_head.c.seq + 1))
        connection.execute(APPEND_AUDIT, given)


def _update(log: Log, seq: int, **values: object) -> None:
    with write_transaction(log.engine) as connection:
        connection.execute(update(audit_log).where(audit_log.c.seq == seq).values(**values))


def _delete(log: Log, numbers: Sequence[int]) -> None:
    with write_transaction(log.engine) as connection:
        connection.execute(delete(audit_log).where(audit_log.c.seq.in_(list(numbers))))


def _numbered(rows: Rows) -> Rows:
    return [{**row, "seq": number} for number, row in enumerate(rows, start=1)]


def _chained(rows: Rows, now: Kept) -> Kept:
    """The rows with hashes that are right in themselves, as somebody who knows the format would write them."""
    last, done = GENESIS, []
    for row in rows:
        moment = row["created_at"].strftime("%Y-%m-%d %H:%M:%S.%f")
        last = linked(last, row["seq"], moment, content_of({**row, "detail": dump_json(row["detail"])}))
        done.append({**row, "hash": last})
    return Kept(done, {**now.head, "seq": done[-1]["seq"], "hash": last})


_EDITS: Mapping[str, Edit] = {
    "change": _change,
    "shift_time": _shift_time,
    "empty_to_null": _empty_to_null,
    "delete_one": _delete_one,
    "delete_first": _delete_first,
    "delete_and_renumber": _delete_and_renumber,
    "swap": _swap,
    "swap_neighbours": _swap_neighbours,
    "put_in": _put_in,
    "append_without_chain": _append_without_chain,
    "append_below_one": _append_below_one,
    "cut_off": _cut_off,
    "cut_off_with_head": _cut_off_with_head,
    "empty": _empty,
    "empty_with_head": _empty_with_head,
    "begin_anew": _begin_anew,
    "write_anew": _write_anew,
    "leave_out_and_write_anew": _leave_out_and_write_anew,
    "move_head": _move_head,
    "append_unmoved": _append_unmoved,
    "restore": lambda log, _, old, __: log.put(old),
    "append_to_old": _append_to_old,
}
