from hypothesis import settings

from shared.database.stores import Stores, memory_stores
from tests.contracts.fake_time import FakeTime
from tests.contracts.job_store_machine import JobStoreMachine


class MemoryMachine(JobStoreMachine):
    @staticmethod
    def make_stores(time: FakeTime) -> Stores:
        return memory_stores(clock=time.wall)


TestJobsInMemoryLiveLegally = MemoryMachine.TestCase
TestJobsInMemoryLiveLegally.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
