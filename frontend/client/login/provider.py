"""The identity provider as a client sees it: where its endpoints are, and questions to them.

Source: OpenID Connect Discovery 1.0; RFC 6749; RFC 8414, section 3.3 (the issuer must be who was asked).
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from frontend.client.login.tokens import Tokens
from frontend.client.services import is_loopback
from shared.errors import InvalidInput, NotPermitted, Unavailable

CLIENT_TIMEOUT_S = 15.0


class UnsafeProvider(InvalidInput):
    """The provider would be talked to in a way that everybody on the network can read."""

    code = "unsafe_provider"

    def __init__(self, url: str) -> None:
        super().__init__(
            f"{url} is not https: whoever listens could log in as you. Correct CLARA_KEYCLOAK_URL.", url=url
        )


class ProviderUnreachable(Unavailable):
    """The provider does not answer, or not as an OpenID provider."""

    code = "provider_unreachable"

    def __init__(self, issuer: str, reason: str) -> None:
        super().__init__(
            f"The identity provider {issuer} cannot be used ({reason}); check CLARA_KEYCLOAK_URL and "
            "CLARA_KEYCLOAK_REALM.",
            issuer=issuer,
        )


class LoginRefused(NotPermitted):
    """The provider said no.

    Args:
        reason: Its error code, e.g. `access_denied` or `invalid_grant`.
    """

    code = "login_refused"

    def __init__(self, reason: str, description: str = "") -> None:
        self.reason = reason
        said = f"{reason}: {description}" if description else reason
        super().__init__(f"The identity provider refused the login ({said[:300]}).", reason=reason)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses of a provider."""

    authorization: str
    token: str
    device: str | None
    revocation: str | None


class Provider:
    """One issuer, asked over one connection; use it as a context manager.

    Args:
        issuer: Exact name, e.g. https://login.example.org/realms/vcc.
        client_id: The public client of the command line.
        ssl_context: Trust for https; None: the machine's own.

    Raises:
        UnsafeProvider: If it is neither https nor on this machine.
    """

    def __init__(self, issuer: str, client_id: str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self.issuer, self.client_id = issuer, client_id
        self._http = httpx.Client(
            timeout=CLIENT_TIMEOUT_S,
            verify=ssl_context if ssl_context is not None else True,
            trust_env=not is_loopback(urlsplit(_safe(issuer)).hostname or ""),
        )
        self._endpoints: Endpoints | None = None

    @property
    def endpoints(self) -> Endpoints:
        """Where to ask what.

        Raises:
            ProviderUnreachable: If the issuer does not say.
            UnsafeProvider: If it sends us to an address that is neither https nor on this machine.
        """
        if self._endpoints is None:
            url = f"{self.issuer}/.well-known/openid-configuration"
            found = self._json(self._ask("GET", url))
            if found.get("issuer") != self.issuer:
                raise ProviderUnreachable(self.issuer, f"it calls itself {str(found.get('issuer'))[:200]}")
            self._endpoints = Endpoints(
                authorization=self._address(found, "authorization_endpoint"),
                token=self._address(found, "token_endpoint"),
                device=self._optional(found, "device_authorization_endpoint"),
                revocation=self._optional(found, "revocation_endpoint"),
            )
        return self._endpoints

    def post(self, url: str, **fields: str) -> Mapping[str, Any]:
        """A form for one of the endpoints, in the name of our client.

        Raises:
            LoginRefused: With the provider's error code.
            ProviderUnreachable: If there is no proper answer.
        """
        response = self._ask("POST", url, {"client_id": self.client_id, **fields})
        if response.is_success and not response.content:
            return {}
        answer = self._json(response)
        if response.is_error:
            if response.status_code >= 500 or not isinstance(answer.get("error"), str):
                raise ProviderUnreachable(self.issuer, f"HTTP {response.status_code}")
            raise LoginRefused(answer["error"], str(answer.get("error_description") or ""))
        return answer

    def tokens(self, **fields: str) -> Tokens:
        """Tokens for a grant.

        Raises:
            LoginRefused: If the grant is not good (any more).
            ProviderUnreachable: If there is no proper answer.
        """
        asked_at = time.time()
        answer = self.post(self.endpoints.token, **fields)
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        lifetime_s, refresh_s = answer.get("expires_in"), answer.get("refresh_expires_in")
        if not isinstance(access, str) or not access.isascii() or str(answer.get("token_type")).lower() != "bearer":
            raise ProviderUnreachable(self.issuer, "its answer holds no bearer token")
        return Tokens(
            issuer=self.issuer,
            access=access,
            access_expires_at=asked_at + (float(lifetime_s) if isinstance(lifetime_s, int | float) else 60.0),
            refresh=refresh if isinstance(refresh, str) else None,
            # Keycloak's own field; 0 means without end
            refresh_expires_at=asked_at + float(refresh_s)
            if isinstance(refresh_s, int | float) and refresh_s
            else None,
        )

    def refreshed(self, tokens: Tokens) -> Tokens:
        """New tokens for the refresh token, with the roles that the person has now.

        Raises:
            LoginRefused: If the login has ended.
            ProviderUnreachable: If there is no proper answer.
        """
        if tokens.refresh is None:
            raise LoginRefused("invalid_grant", "there is no refresh token")
        fresh = self.tokens(grant_type="refresh_token", refresh_token=tokens.refresh)
        if fresh.refresh is not None:
            return fresh
        # a provider that does not rotate them answers without: the old one stays good
        return Tokens(fresh.issuer, fresh.access, fresh.access_expires_at, tokens.refresh, tokens.refresh_expires_at)

    def revoke(self, tokens: Tokens) -> None:
        """End the login at the provider: nobody gets new tokens from it.

        Raises:
            ProviderUnreachable: If it was not told, or offers no revocation.
            LoginRefused: If it did not want to hear it.
        """
        if self.endpoints.revocation is None:
            raise ProviderUnreachable(self.issuer, "it offers no revocation")
        hint = "access_token" if tokens.refresh is None else "refresh_token"
        self.post(self.endpoints.revocation, token=tokens.refresh or tokens.access, token_type_hint=hint)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> "Provider":
        """The provider itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def _ask(self, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            return self._http.request(method, url, data=form, headers={"Accept": "application/json"})
        except httpx.TransportError as exc:
            raise ProviderUnreachable(self.issuer, str(exc) or type(exc).__name__) from exc

    def _json(self, response: httpx.Response) -> Mapping[str, Any]:
        try:
            answer = response.json()
        except ValueError as exc:
            raise ProviderUnreachable(self.issuer, f"HTTP {response.status_code} without JSON") from exc
        if not isinstance(answer, dict):
            raise ProviderUnreachable(self.issuer, "its answer is no JSON object")
        return answer

    def _address(self, found: Mapping[str, Any], name: str) -> str:
        if not isinstance(found.get(name), str):
            raise ProviderUnreachable(self.issuer, f"it has no {name}")
        return _safe(found[name])

    def _optional(self, found: Mapping[str, Any], name: str) -> str | None:
        return self._address(found, name) if name in found else None


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise UnsafeProvider(url)
    return url
