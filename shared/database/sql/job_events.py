"""Events of a job, thinned by the database: what is left out is never read."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Connection, Integer, RowMapping, and_, bindparam, func, or_, select

from shared.database.tables import job_events
from shared.models.events import EventType, stride_of

_OF_KIND = and_(
    job_events.c.job_id == bindparam("of_job"),
    job_events.c.type == bindparam("of_kind"),
    job_events.c.seq > bindparam("after", type_=BigInteger),
    job_events.c.seq <= bindparam("until", type_=BigInteger),
)
_COUNT = select(func.count(), func.max(job_events.c.seq)).where(_OF_KIND)
# numbered without the payloads, which are many times as large
_NUMBERED = (
    select(job_events.c.seq, (func.row_number().over(order_by=job_events.c.seq) - 1).label("number"))
    .where(_OF_KIND)
    .subquery()
)
_EVERY_NTH = (
    select(job_events)
    .join(_NUMBERED, job_events.c.seq == _NUMBERED.c.seq)
    .where(
        job_events.c.job_id == bindparam("of_job"),
        or_(_NUMBERED.c.number % bindparam("stride", type_=Integer) == 0, _NUMBERED.c.seq == bindparam("last")),
    )
    .order_by(job_events.c.seq)
)


def sampled(
    connection: Connection, job_id: str, kind: EventType, *, points: int, after: int, until: int
) -> tuple[Sequence[RowMapping], int]:
    """Rows of at most `points` events of a kind, evenly spread, and how many events there are."""
    of_kind = {"of_job": job_id, "of_kind": kind.value, "after": after, "until": until}
    total, last = connection.execute(_COUNT, of_kind).one()
    if not total:
        return [], 0
    query = {**of_kind, "stride": stride_of(total, points), "last": last}
    return connection.execute(_EVERY_NTH, query).mappings().all(), total
