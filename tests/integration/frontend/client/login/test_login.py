"""Login, refresh, change of roles, rotation of keys and logout at a real, certified OpenID provider."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from frontend.client.login.code_flow import NobodyCame, log_in_with_browser
from frontend.client.login.device_flow import log_in_with_device
from frontend.client.login.kept_login import KeptLogin, LoginEnded
from frontend.client.login.provider import LoginRefused, Provider, ProviderUnreachable
from frontend.client.login.token_file import TokenFile
from frontend.client.login.tokens import Tokens
from shared.auth.jwks import RemoteKeys
from shared.auth.jws import InvalidToken
from shared.auth.models import Identity
from shared.auth.tokens import TokenVerifier
from shared.models.users import Role
from tests.support.loopback import LOOPBACK
from tests.support.oidc_server import OidcServer, browse, require_programs, running_oidc

CLIENT = "clara-cli"

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def oidc() -> Iterator[OidcServer]:
    with running_oidc(require_programs()) as server:
        yield server


@pytest.fixture
def provider(oidc: OidcServer) -> Iterator[Provider]:
    oidc.let_in("anna", "trainer", "offline_access")
    oidc.set_lifetime(300)
    with Provider(oidc.issuer, CLIENT) as provider:
        yield provider


class Service:
    """What a service does with tokens, with a clock of its own for the pauses between fetches of keys."""

    def __init__(self, oidc: OidcServer) -> None:
        self.now = 1000.0
        self.keys = RemoteKeys(oidc.jwks_url, outgoing=LOOPBACK, monotonic=lambda: self.now)
        self._verifier = TokenVerifier(self.keys, issuer=oidc.issuer, audience="clara-training-system")

    async def identify(self, tokens: Tokens) -> Identity:
        return await self._verifier.verify(tokens.access)


def in_background(what: Callable[[str], object]) -> Callable[[str], None]:
    return lambda url: threading.Thread(target=what, args=(url,), daemon=True).start()


def logged_in(provider: Provider) -> Tokens:
    return log_in_with_browser(provider, in_background(browse), timeout_s=20)


def kept(oidc: OidcServer, folder: Path, tokens: Tokens | None, now: float | None = None) -> KeptLogin:
    clock = {} if now is None else {"clock": lambda: now}
    login = KeptLogin(TokenFile(folder), oidc.issuer, CLIENT, lambda: Provider(oidc.issuer, CLIENT), **clock)
    if tokens is not None:
        login.keep(tokens)
    return login


async def test_a_login_with_a_browser_gives_a_token_that_a_service_accepts(
    oidc: OidcServer, provider: Provider
) -> None:
    tokens = logged_in(provider)

    identity = await Service(oidc).identify(tokens)

    assert identity.principal.email == "anna@stadt.example"
    assert identity.principal.roles == {Role.TRAINER}
    assert tokens.refresh is not None
    assert tokens.access not in repr(tokens)
    assert tokens.refresh not in repr(tokens)


async def test_a_login_by_device_code_waits_for_the_person(oidc: OidcServer, provider: Provider) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            browse(addresses[0])

    addresses: list[str] = []
    tokens = log_in_with_device(
        provider, lambda code: addresses.append(str(code.whole_address)), timeout_s=300, sleep=sleep
    )

    assert len(pauses) == 2
    assert (await Service(oidc).identify(tokens)).principal.subject == "anna"


def test_who_says_no_is_not_logged_in(oidc: OidcServer, provider: Provider) -> None:
    oidc.turn_away()
    with pytest.raises(LoginRefused, match="access_denied"):
        logged_in(provider)
    with pytest.raises(LoginRefused, match="access_denied"):
        log_in_with_device(
            provider,
            lambda code: in_background(browse)(str(code.whole_address)),
            timeout_s=300,
            sleep=lambda _: time.sleep(0.2),
        )


def test_an_answer_that_is_not_ours_changes_nothing(provider: Provider) -> None:
    answers: list[int] = []

    def forge(url: str) -> None:
        redirect = httpx.URL(url).params["redirect_uri"]
        state = httpx.URL(url).params["state"]
        wrong = (
            {"code": "stolen", "state": "guessed"},
            {"code": "stolen"},
            {"code": "stolen", "state": state, "iss": "https://evil.example"},
            {"code": "stolen", "state": state, "error": "both"},
            {"state": state},
        )
        answers.extend(httpx.get(redirect, params=query, trust_env=False).status_code for query in wrong)
        answers.append(httpx.get(redirect.replace("/callback", "/"), trust_env=False).status_code)
        answers.append(httpx.get(redirect, params={"state": state, "x": "y" * 9000}, trust_env=False).status_code)
        browse(url)

    assert log_in_with_browser(provider, in_background(forge), timeout_s=20).access
    assert answers == [404] * 7


def test_a_code_is_worth_nothing_without_the_verifier(oidc: OidcServer, provider: Provider) -> None:
    seen: list[httpx.URL] = []

    def look(url: str) -> None:
        seen.append(httpx.URL(url))

    with pytest.raises(NobodyCame):
        log_in_with_browser(provider, look, timeout_s=0.05)
    query = dict(seen[0].params)
    assert query["code_challenge_method"] == "S256"
    without = {name: value for name, value in query.items() if not name.startswith("code_challenge")}
    refused = httpx.get(str(seen[0].copy_with(params=without)), trust_env=False)
    assert "code" not in httpx.URL(refused.headers.get("location", "")).params


async def test_a_token_is_renewed_before_it_ends_and_takes_on_changed_roles(
    oidc: OidcServer, provider: Provider, tmp_path: Path
) -> None:
    first = logged_in(provider)
    login = kept(oidc, tmp_path, first)
    assert login.access_token() == first.access
    oidc.let_in("anna", "analyst")

    later = kept(oidc, tmp_path, None, now=first.access_expires_at - 30)
    renewed = later.access_token()

    assert renewed not in (None, first.access)
    tokens = later.tokens()
    assert tokens is not None
    service = Service(oidc)
    assert (await service.identify(tokens)).principal.roles == {Role.ANALYST}
    # what was issued before is good until it ends
    assert (await service.identify(first)).principal.roles == {Role.TRAINER}


def test_of_many_commands_at_once_one_renews_and_all_go_on(
    oidc: OidcServer, provider: Provider, tmp_path: Path
) -> None:
    first = logged_in(provider)
    kept(oidc, tmp_path, first)
    oidc.set_lifetime(3600)
    found: list[str | None] = []

    def use() -> None:
        found.append(kept(oidc, tmp_path, None, now=first.access_expires_at - 30).access_token())

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert first.access not in found
    # a refresh token that came twice would have ended the login
    assert kept(oidc, tmp_path, None).renew(even_if_fresh=True) is not None


async def test_keys_may_change_under_tokens_that_are_in_use(oidc: OidcServer, provider: Provider) -> None:
    service = Service(oidc)
    old = logged_in(provider)
    await service.identify(old)

    oidc.rotate_keys(withdraw=False)
    fresh = provider.refreshed(old)
    with pytest.raises(InvalidToken, match="valid access token"):
        await service.identify(fresh)  # at most one fetch of keys in half a minute
    service.now += 31
    assert (await service.identify(fresh)).principal.subject == "anna"
    assert (await service.identify(old)).principal.subject == "anna"

    oidc.rotate_keys(withdraw=True)
    newest = provider.refreshed(fresh)
    service.now += 31
    assert (await service.identify(newest)).principal.subject == "anna"
    for withdrawn in (old, fresh):
        with pytest.raises(InvalidToken):
            await service.identify(withdrawn)


def test_after_a_logout_nothing_is_renewed_and_nothing_is_kept(
    oidc: OidcServer, provider: Provider, tmp_path: Path
) -> None:
    tokens = logged_in(provider)
    login = kept(oidc, tmp_path, tokens)

    assert login.end()

    assert login.tokens() is None
    assert not login.end()
    with pytest.raises(LoginRefused, match="invalid_grant"):
        provider.refreshed(tokens)
    thief = kept(oidc, tmp_path / "copy", tokens)
    with pytest.raises(LoginEnded, match="clara login"):
        thief.renew(even_if_fresh=True)
    assert thief.tokens() is None


def test_a_provider_that_is_away_ends_no_login(provider: Provider, tmp_path: Path, oidc: OidcServer) -> None:
    tokens = logged_in(provider)

    def away() -> Provider:
        return Provider("http://127.0.0.1:1/realms/vcc", CLIENT)

    file = TokenFile(tmp_path)
    file.put(oidc.issuer, CLIENT, tokens)
    soon = KeptLogin(file, oidc.issuer, CLIENT, away, clock=lambda: tokens.access_expires_at - 30)
    assert soon.access_token() == tokens.access
    over = KeptLogin(file, oidc.issuer, CLIENT, away, clock=lambda: tokens.access_expires_at + 1)
    with pytest.raises(ProviderUnreachable):
        over.access_token()
    assert over.tokens() == tokens


def test_a_realm_that_calls_itself_otherwise_is_not_trusted(oidc: OidcServer) -> None:
    with (
        Provider(f"{oidc.url.replace('127.0.0.1', 'localhost')}/realms/vcc", CLIENT) as other,
        pytest.raises(ProviderUnreachable, match="calls itself"),
    ):
        _ = other.endpoints
