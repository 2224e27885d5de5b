"""The identity provider of the tests: the certified oidc-provider, shaped like a Keycloak realm (`oidc_server.mjs`).

`python -m admin.scripts.test_servers` installs it. Where it differs from Keycloak: it never asks for a password, and
who logs in is what the test said last.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.support.live_server import free_port

ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = Path(__file__).with_suffix(".mjs")
_START_S = 30.0
_OLDEST_NODE = 20


class OidcServer:
    """A running provider."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.issuer = f"{self.url}/realms/vcc"

    @property
    def jwks_url(self) -> str:
        return f"{self.issuer}/protocol/openid-connect/certs"

    def let_in(self, subject: str, *roles: str) -> None:
        """Who logs in next, and the roles that this person has from now on."""
        self._control(user={"sub": subject, "email": f"{subject}@stadt.example", "roles": list(roles)}, deny=False)

    def turn_away(self) -> None:
        """From now on people say no."""
        self._control(deny=True)

    def rotate_keys(self, *, withdraw: bool) -> None:
        """Sign with a new key; withdraw: the old one is not published any more."""
        self._control(rotate="withdraw" if withdraw else "keep")

    def set_lifetime(self, seconds: int) -> None:
        """Of access tokens issued from now on."""
        self._control(lifetime=seconds)

    def _control(self, **what: object) -> None:
        httpx.post(f"{self.url}/control", json=what, timeout=20, trust_env=False).raise_for_status()


def browse(url: str) -> httpx.Response:
    """What a browser does with an address: follow redirects, keep cookies, send the forms that pages show."""
    with httpx.Client(follow_redirects=True, timeout=20, trust_env=False) as browser:
        page = browser.get(url)
        for _ in range(5):
            form = re.search(r"<form[^>]*>.*?</form>", page.text, re.DOTALL)
            if form is None:
                break
            action = re.search(r'action="([^"]*)"', form[0])
            fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form[0]))
            query = dict(part.split("=", 1) for part in urlsplit(url).query.split("&") if "=" in part)
            fields |= {name: query[name] for name in ("user_code",) if name in query}
            target = urljoin(str(page.url), unescape(action[1])) if action else str(page.url)
            page = browser.post(target, data={"confirm": "yes", **fields})
        return page


def find_programs() -> Path | None:
    """The folder that holds oidc-provider, or None; CLARA_TEST_OIDC goes first."""
    named = os.environ.get("CLARA_TEST_OIDC")
    place = Path(named) if named else ROOT / ".venv" / "servers" / "oidc"
    return place if (place / "node_modules" / "oidc-provider" / "package.json").is_file() else None


def require_programs() -> Path:
    """The folder that holds oidc-provider; without it the test is skipped, but never on CI."""
    missing = "" if _node_version() >= _OLDEST_NODE else f"Node.js {_OLDEST_NODE} or newer is not installed"
    programs = find_programs()
    if programs is None:
        missing = missing or "oidc-provider is not installed; run `python -m admin.scripts.test_servers`"
    if programs is not None and not missing:
        return programs
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


def _node_version() -> int:
    """Major version, 0 without Node.js."""
    node = shutil.which("node")
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return int(said.lstrip("v").partition(".")[0] or 0)


@contextmanager
def running_oidc(programs: Path) -> Iterator[OidcServer]:
    """A provider that is gone when the block is left."""
    port = free_port()
    node = shutil.which("node")
    assert node is not None
    process = subprocess.Popen(
        [node, "--no-warnings", str(_SCRIPT), str(programs), str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        server = OidcServer(port)
        _wait(server, process)
        yield server
    finally:
        process.kill()
        process.wait()


def _wait(server: OidcServer, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            httpx.get(server.jwks_url, timeout=2, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("the OpenID provider did not start") from None
            time.sleep(0.05)
        else:
            return
