"""Which adapter is the active one of a base model: read and changed inside the transaction of whoever changes it."""

from sqlalchemy import bindparam, func, insert, literal_column, select

from shared.database.sql.driver import Transaction
from shared.database.sql.rows import promotion_from
from shared.database.sql_time import db_now
from shared.database.tables import promotions
from shared.models.adapter import Promotion, PromotionOrder

# any number will do, as long as nobody else takes it
_LOCK = select(func.pg_advisory_xact_lock(literal_column(str(0x434C_4152_5052_4F4D))).label("lock"))
_ACTIVE = (
    select(promotions)
    .where(promotions.c.base_model == bindparam("of_base_model"))
    .order_by(promotions.c.number.desc())
    .limit(1)
)
_ADD = insert(promotions).values(promoted_at=db_now()).returning(promotions)


def active_promotion(tx: Transaction, base_model: str) -> Promotion | None:
    """The newest promotion for a base model; nobody else adds one until the transaction ends."""
    if tx.database == "postgresql":
        tx.scalar(_LOCK, {})
    row = tx.row(_ACTIVE, {"of_base_model": base_model})
    return None if row is None else promotion_from(row)


def active_id(tx: Transaction, base_model: str) -> str | None:
    """As `active_promotion`, the adapter only."""
    active = active_promotion(tx, base_model)
    return None if active is None else active.adapter_id


def add_promotion(tx: Transaction, base_model: str, adapter_id: str, order: PromotionOrder) -> Promotion:
    """An adapter becomes the active one of its base model; `active_promotion` was asked before."""
    values = {
        "base_model": base_model,
        "adapter_id": adapter_id,
        "replaced": order.over,
        "promoted_by": order.by,
        "is_override": order.is_override,
    }
    row = tx.row(_ADD, values)
    assert row is not None  # noqa: S101 - narrows the type; an insert that returns has a row
    return promotion_from(row)
