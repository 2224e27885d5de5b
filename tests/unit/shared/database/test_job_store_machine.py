from hypothesis import settings

from shared.database.stores import memory_stores
from tests.contracts.fake_time import FakeTime
from tests.contracts.job_store_machine import JobStoreMachine, OpenStores


class MemoryMachine(JobStoreMachine):
    @staticmethod
    def new_database(time: FakeTime) -> OpenStores:
        stores = memory_stores(clock=time.wall)
        return lambda: stores


TestJobsInMemoryLiveLegally = MemoryMachine.TestCase
TestJobsInMemoryLiveLegally.settings = settings(max_examples=60, stateful_step_count=40)
