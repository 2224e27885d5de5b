"""Whoever cannot show a good certificate gets neither texts nor the key."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.database.embeddings.endpoint import EndpointEmbedder
from shared.database.embeddings.errors import EmbeddingFailed
from tests.support.loopback import LOOPBACK
from tests.support.untrusted_server import untrusted_server


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "hTTps"])
def test_certificates_are_verified_however_the_scheme_is_written(scheme: str, tmp_path: Path) -> None:
    with untrusted_server(tmp_path) as server:
        embedder = EndpointEmbedder(
            f"{scheme}://{server.place}/v1", "e5", api_key=SecretStr("k"), outgoing=LOOPBACK, query_timeout_s=0.2
        )
        with pytest.raises(EmbeddingFailed, match="CERTIFICATE_VERIFY_FAILED"):
            embedder.embed_query("Hund")
        embedder.close()

    assert server.requests == 0
