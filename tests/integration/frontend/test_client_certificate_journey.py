"""From `clara admin certs init` to services that let in whom it vouches for: commands only, as in a first install."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.installation import Installation

SERVER_MODES = {"CLARA_SECURITY_MODE": "testing", "CLARA_MTLS_ENABLED": "true"}


def made(it: Installation, *arguments: str) -> dict[str, Any]:
    """Certificate made by a command; its files are the settings that it names."""
    done = it.clara("admin", "certs", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def serving(it: Installation) -> Iterator[str]:
    """`clara serve datasets` until the block ends; yields the address it says."""
    command = [sys.executable, "-m", "frontend.cli", "serve", "datasets", "--json"]
    with subprocess.Popen(command, env=it.environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def test_a_first_install_with_client_certificates(tmp_path: Path) -> None:
    it = Installation(tmp_path / "home", dict(SERVER_MODES))
    authority = made(it, "init")
    server = made(it, "server", "clara", "--host", "127.0.0.1")
    anna = made(it, "client", "anna@stadt.example")
    it.settings |= authority["files"] | server["files"] | anna["files"]
    token = issue_test_token(
        security_from(DevelopmentConfig(security_mode="testing", home=it.home)), cnf={"x5t#S256": anna["x5t#S256"]}
    )
    with serving(it) as url:
        assert url == f"https://127.0.0.1:{it.ports['datasets']}"
        listed = it.clara("documents", "list", "--json", "--token", token)
        assert listed.returncode == 0, listed.stderr

        bert = made(it, "client", "bert@stadt.example")
        it.settings |= bert["files"]
        borrowed = it.clara("documents", "list", "--token", token)
        assert borrowed.returncode == 3, borrowed.stderr

        made(it, "revoke", "bert@stadt.example")
        it.settings |= anna["files"]
        assert it.clara("documents", "list", "--token", token).returncode == 0
        it.settings |= bert["files"]
        revoked = it.clara("documents", "list", "--token", token)
        assert revoked.returncode == 6
        assert "Traceback" not in revoked.stderr

        for name in ("CLARA_CLIENT_CERT_FILE", "CLARA_CLIENT_KEY_FILE"):
            del it.settings[name]
        assert it.clara("documents", "list", "--token", token).returncode == 6
