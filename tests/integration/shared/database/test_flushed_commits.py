"""Commits that wait for the disk after they let go of the head of the audit log are on the disk all the same."""

import pytest

from shared.database.audit.verify import verify
from shared.database.stores import open_stores
from tests.support.postgres import MISSING, find_programs, running_server
from tests.support.store_values import a_job, an_audit


@pytest.mark.postgres
def test_what_was_acknowledged_outlives_a_power_cut_of_the_server() -> None:
    programs = find_programs()
    if programs is None:
        pytest.skip(MISSING)
    with running_server(programs, durable=True) as server:
        stores = open_stores(server.new_database())
        for round_number in range(3):
            added = [stores.jobs.add(a_job(number), audit=an_audit()) for number in range(10)]
            # at once: what only the server's own writer of the log would have flushed later is lost now
            server.stop("immediate")
            server.start()
            # the first call finds out that the connections of the pool are gone
            stores.check()
            assert stores.jobs.counts().total == 10 * (round_number + 1)
            assert stores.jobs.get(added[-1].job_id).version == 1
        report = verify(stores.audit)
        stores.close()

    assert (report.rows, report.findings) == (30, ())
