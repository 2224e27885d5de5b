"""Finished adapters on SQL."""

from collections.abc import Sequence

from sqlalchemy import Engine, func, select

from shared.database.base import ActiveAdapterChanged, AdapterNotFound, Page
from shared.database.engine import read_transaction
from shared.database.sql.driver import driver_transaction
from shared.database.sql.job_writes import write_audit
from shared.database.sql.paging import newest_first
from shared.database.sql.promotions import active_promotion, add_promotion
from shared.database.sql.rows import adapter_from, promotion_from
from shared.database.tables import adapters, promotions
from shared.models.adapter import Adapter, Promotion, PromotionOrder
from shared.models.events import AuditEntry


class SqlAdapterStore:
    """`AdapterStore` on SQLite or PostgreSQL; rows are born in `SqlJobStore.complete`.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, adapter_id: str) -> Adapter:
        """See `AdapterStore.get`."""
        with read_transaction(self._engine) as connection:
            query = select(adapters).where(adapters.c.adapter_id == adapter_id)
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise AdapterNotFound(adapter_id)
        return adapter_from(row)

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[Adapter]:
        """See `AdapterStore.page`."""
        with read_transaction(self._engine) as connection:
            return newest_first(
                connection,
                select(adapters),
                adapters,
                adapters.c.adapter_id,
                limit=limit,
                after=after,
                unknown=AdapterNotFound,
                value_from=adapter_from,
            )

    def promote(self, adapter_id: str, order: PromotionOrder, *, audit: AuditEntry) -> Promotion:
        """See `AdapterStore.promote`."""
        base_model = self.get(adapter_id).base_model
        with driver_transaction(self._engine) as tx:
            active = active_promotion(tx, base_model)
            if active is not None and active.adapter_id == adapter_id:
                return active
            found = None if active is None else active.adapter_id
            if found != order.over:
                raise ActiveAdapterChanged(base_model, order.over, found)
            promotion = add_promotion(tx, base_model, adapter_id, order)
            write_audit(tx, audit)
        return promotion

    def active(self, base_model: str) -> Promotion | None:
        """See `AdapterStore.active`."""
        found = self.promotions(base_model=base_model, limit=1)
        return found[0] if found else None

    def all_active(self) -> Sequence[Promotion]:
        """See `AdapterStore.all_active`."""
        newest = select(func.max(promotions.c.number)).group_by(promotions.c.base_model)
        query = select(promotions).where(promotions.c.number.in_(newest)).order_by(promotions.c.base_model)
        with read_transaction(self._engine) as connection:
            return [promotion_from(row) for row in connection.execute(query).mappings()]

    def promotions(self, *, base_model: str | None = None, limit: int = 50) -> Sequence[Promotion]:
        """See `AdapterStore.promotions`."""
        query = select(promotions).order_by(promotions.c.number.desc()).limit(limit)
        if base_model is not None:
            query = query.where(promotions.c.base_model == base_model)
        with read_transaction(self._engine) as connection:
            return [promotion_from(row) for row in connection.execute(query).mappings()]
