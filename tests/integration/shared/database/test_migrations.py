import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, inspect, select, text

from shared.database.engine import read_transaction, write_transaction
from shared.database.migrate import (
    HEAD_REVISION,
    MIGRATIONS,
    MigrationFailed,
    SchemaTooNew,
    ensure_schema,
    migrate,
)
from shared.database.stores import Stores, open_stores
from shared.database.tables import metadata
from shared.models.adapter import PromotionOrder
from shared.models.job import Progress
from tests.support.store_values import (
    a_checkpoint,
    a_dataset,
    a_document,
    an_adapter,
    an_audit,
    provenance_rows,
    running,
    some_feedback,
)


def test_there_is_one_newest_migration_and_the_code_knows_it() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)

    assert scripts.get_heads() == [HEAD_REVISION]
    assert all(path.name.startswith(f"{path.name[:4]}_") for path in (MIGRATIONS / "versions").glob("0*.py"))


def test_the_migrations_make_exactly_the_tables_of_the_code(empty_url: str, engine: Engine) -> None:
    ensure_schema(empty_url)

    with read_transaction(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        checks = {
            table: {check["name"] for check in inspect(connection).get_check_constraints(table)}
            for table in metadata.tables
        }
    for name, table in metadata.tables.items():
        assert checks[name] == {str(check.name) for check in table.constraints if isinstance(check, CheckConstraint)}


def test_a_second_look_at_a_current_schema_changes_nothing(empty_url: str) -> None:
    ensure_schema(empty_url)
    stores = open_stores(empty_url)
    job, _ = running(stores)
    stores.close()

    ensure_schema(empty_url)

    stores = open_stores(empty_url)
    assert stores.jobs.get(job.job_id) == job
    stores.close()


def test_up_down_and_up_again_keeps_what_older_schemas_can_hold(empty_url: str, engine: Engine) -> None:
    ensure_schema(empty_url)
    stores = open_stores(empty_url)
    _fill(stores)
    stores.close()
    before = _rows(engine)
    engine.dispose()

    migrate(empty_url, HEAD_REVISION)
    assert _rows(engine) == before
    engine.dispose()
    migrate(empty_url, "base")
    with read_transaction(engine) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()
    migrate(empty_url)

    stores = open_stores(empty_url)
    assert stores.jobs.counts().total == 0
    _fill(stores)
    stores.close()


def test_a_failed_migration_leaves_the_database_as_it_was(empty_url: str, engine: Engine) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).parent.mkdir()
    with write_transaction(engine) as connection:
        connection.execute(text("CREATE TABLE jobs (mine INTEGER)"))

    with pytest.raises(MigrationFailed, match="jobs"):
        ensure_schema(empty_url)

    with read_transaction(engine) as connection:
        assert inspect(connection).get_table_names() == ["jobs"]


def test_a_database_of_a_newer_version_is_refused(empty_url: str, engine: Engine) -> None:
    ensure_schema(empty_url)
    with write_transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNew, match="9999"):
        ensure_schema(empty_url)
    with pytest.raises(SchemaTooNew):
        migrate(empty_url)


def test_services_that_start_together_migrate_once(empty_url: str, engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ensure_schema(empty_url), range(4)))

    with read_transaction(engine) as connection:
        assert list(connection.scalars(text("SELECT version_num FROM alembic_version"))) == [HEAD_REVISION]


def test_a_service_on_a_current_schema_never_loads_alembic(sqlite_url: str) -> None:
    program = (
        "import os, sys; from shared.database.stores import open_stores; "
        "stores = open_stores(os.environ['URL']); print(stores.check()); stores.close(); "
        "sys.exit(any(name.partition('.')[0] in {'alembic', 'mako', 'psycopg'} for name in sys.modules))"
    )
    environment = {**os.environ, "URL": sqlite_url, "PYTHONPATH": str(Path.cwd())}

    child = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )

    assert (child.returncode, child.stdout, child.stderr) == (0, "ok\n", "")


def _fill(stores: Stores) -> None:
    stores.documents.put_many([a_document("a.md"), a_document("b.md")])
    dataset = stores.datasets.add(a_dataset(), audit=an_audit())
    found = stores.datasets.claim("builder", lease_s=60)
    assert found is not None
    stores.datasets.add_provenance(found[1], provenance_rows("r1"))
    stores.datasets.complete(found[1], dataset, audit=an_audit())
    job, claim = running(stores)
    stores.jobs.add_checkpoint(claim, a_checkpoint(job, 5))
    stores.jobs.complete(claim, an_adapter(job), progress=Progress(), promotion=PromotionOrder(None, job.created_by))
    stores.feedback.add([some_feedback()], audit=an_audit())


def _rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with read_transaction(engine) as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for name, table in metadata.tables.items()
        }
