"""Whoever cannot show a good certificate gets no request."""

from pathlib import Path

import httpx
import pytest

from shared.database.adapters.couch.courier import Courier, Deadline
from tests.support.untrusted_server import untrusted_server


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_certificates_are_verified_however_the_scheme_is_written(scheme: str, tmp_path: Path) -> None:
    with untrusted_server(tmp_path) as server:
        courier = Courier(f"{scheme}://{server.place}", {})
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            courier.carry("GET", "/", params={}, content=None, until=Deadline(2.0))
        courier.close()

    assert server.requests == 0
