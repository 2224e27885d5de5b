"""The login of this user, renewed before it ends: what stands behind every call that names no token of its own."""

import time
from collections.abc import Callable

from frontend.client.login.provider import LoginRefused, Provider
from frontend.client.login.token_file import TokenFile
from frontend.client.login.tokens import Tokens
from shared.errors import NotPermitted, Unavailable

_RENEW_BEFORE_S = 60.0


class LoginEnded(NotPermitted):
    """The login that was kept is over."""

    code = "login_ended"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Your login has ended ({reason}); log in again with `clara login`.")


class KeptLogin:
    """One user's login at one provider.

    Args:
        file: Where it is kept.
        issuer: At whom.
        client_id: In whose name.
        provider: Opens a connection to the issuer; called only when a token has to be renewed or ended.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        file: TokenFile,
        issuer: str,
        client_id: str,
        provider: Callable[[], Provider],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file, self._issuer, self._client_id = file, issuer, client_id
        self._provider, self._clock = provider, clock
        self._tokens: Tokens | None = None

    def tokens(self) -> Tokens | None:
        """The tokens as they are kept, however old; None: nobody logged in."""
        return self._file.get(self._issuer, self._client_id)

    def access_token(self) -> str | None:
        """An access token that is good for a while; None: nobody logged in.

        Raises:
            LoginEnded: If it cannot be renewed because the login is over.
            ProviderUnreachable: If it has ended and the provider cannot be asked for a new one.
            TokenFileUnusable: If the file of logins cannot be used.
        """
        if self._tokens is None or not self._is_fresh(self._tokens):
            self._tokens = self.tokens()
        if self._tokens is not None and not self._is_fresh(self._tokens):
            self._tokens = self.renew()
        return None if self._tokens is None else self._tokens.access

    def renew(self, *, even_if_fresh: bool = False) -> Tokens | None:
        """Ask for new tokens, unless another command has done so meanwhile.

        Raises:
            LoginEnded: If the login is over; it is forgotten.
            ProviderUnreachable: If the provider cannot be asked and the token has ended.
            TokenFileUnusable: If the file of logins cannot be used.
        """
        with self._file.locked():
            kept = self.tokens()
            if kept is None or (self._is_fresh(kept) and not even_if_fresh):
                return kept
            try:
                with self._provider() as provider:
                    fresh = provider.refreshed(kept)
            except LoginRefused as exc:
                self._file.put(self._issuer, self._client_id, None)
                raise LoginEnded(exc.reason) from exc
            except Unavailable:
                if kept.access_expires_at > self._clock():
                    return kept
                raise
            self._file.put(self._issuer, self._client_id, fresh)
            return fresh

    def keep(self, tokens: Tokens) -> None:
        """Keep the tokens of a new login.

        Raises:
            TokenFileUnusable: If they cannot be written.
        """
        with self._file.locked():
            self._file.put(self._issuer, self._client_id, tokens)
        self._tokens = tokens

    def end(self) -> bool:
        """Forget the login here, and end it at the provider.

        Returns:
            Whether there was one.

        Raises:
            ProviderUnreachable: If the provider could not be told; here it is forgotten all the same.
            LoginRefused: If the provider did not want to hear it; here it is forgotten all the same.
            TokenFileUnusable: If the file of logins cannot be used.
        """
        with self._file.locked():
            kept = self.tokens()
            if kept is None:
                return False
            self._file.put(self._issuer, self._client_id, None)
        self._tokens = None
        with self._provider() as provider:
            provider.revoke(kept)
        return True

    def _is_fresh(self, tokens: Tokens) -> bool:
        return tokens.access_expires_at - self._clock() > _RENEW_BEFORE_S
