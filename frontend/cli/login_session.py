"""The login of the user who types: where it is kept and at whom it was made, as the settings say."""

from typing import TYPE_CHECKING

from frontend.client.login.kept_login import KeptLogin
from frontend.client.login.provider import Provider
from frontend.client.login.token_file import TokenFile, user_config_folder
from frontend.client.tls import provider_context

if TYPE_CHECKING:
    from config import BaseConfig


def open_provider(settings: "BaseConfig") -> Provider:
    """The identity provider.

    Raises:
        UnsafeProvider: If the settings name one that is neither https nor on this machine.
        ClientCertificateUnusable: If the authority that the settings name cannot be read.
    """
    context = provider_context(settings)
    return Provider(settings.keycloak_issuer, settings.keycloak_cli_client_id, ssl_context=context)


def kept_login(settings: "BaseConfig") -> KeptLogin:
    """The login at that provider, if there is one."""
    return KeptLogin(
        TokenFile(user_config_folder()),
        settings.keycloak_issuer,
        settings.keycloak_cli_client_id,
        lambda: open_provider(settings),
    )
