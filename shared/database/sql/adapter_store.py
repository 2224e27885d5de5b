"""Finished adapters on SQL."""

from sqlalchemy import Engine, select

from shared.database.base import AdapterNotFound, Page
from shared.database.engine import read_transaction
from shared.database.sql.paging import newest_first
from shared.database.sql.rows import adapter_from
from shared.database.tables import adapters
from shared.models.adapter import Adapter


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
