import threading
import time
from dataclasses import replace

from shared.database.errors import DatabaseBusy
from shared.database.stores import memory_stores


def test_a_database_without_complaints_is_ok() -> None:
    assert memory_stores().check() == "ok"


def test_a_complaint_is_the_answer_of_the_check() -> None:
    def ping() -> None:
        raise DatabaseBusy("somebody holds a lock")

    assert replace(memory_stores(), ping=ping).check() == "somebody holds a lock"


def test_a_database_that_says_nothing_does_not_hold_up_the_check() -> None:
    answered = threading.Event()
    stores = replace(memory_stores(), ping=lambda: answered.wait(10) and None)
    start = time.monotonic()

    assert "no answer within 0.1 s" in stores.check(timeout_s=0.1)

    assert time.monotonic() - start < 5
    answered.set()
