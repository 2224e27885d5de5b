import logging

import pytest

from shared.outgoing.plain_text import note_plain_text


@pytest.fixture(autouse=True)
def _nothing_noted() -> None:
    note_plain_text.cache_clear()


def test_a_server_elsewhere_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        note_plain_text("http", "couch.amt.example")

    records = [record for record in caplog.records if record.message == "outgoing.unencrypted"]
    assert [(record.levelno, record.kind, record.host) for record in records] == [  # type: ignore[attr-defined]
        (logging.WARNING, "http", "couch.amt.example")
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "Localhost."])
def test_this_machine_is_nobodys_business(host: str, caplog: pytest.LogCaptureFixture) -> None:
    note_plain_text("http", host)

    assert not caplog.records
