from hypothesis import settings

from shared.database.stores import memory_stores
from tests.contracts.job_store_machine import JobStoreMachine


class MemoryMachine(JobStoreMachine):
    make_stores = staticmethod(memory_stores)


TestJobsInMemoryLiveLegally = MemoryMachine.TestCase
TestJobsInMemoryLiveLegally.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
