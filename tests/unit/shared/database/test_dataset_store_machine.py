"""The states of datasets on the store in memory, in whatever order things happen."""

from typing import Any

from hypothesis import settings

from shared.database.stores import memory_stores
from tests.contracts.dataset_store_machine import DatasetStoreMachine


class MemoryMachine(DatasetStoreMachine):
    open_stores = staticmethod(memory_stores)


TestDatasetStates: Any = MemoryMachine.TestCase
TestDatasetStates.settings = settings(max_examples=60, stateful_step_count=40)
