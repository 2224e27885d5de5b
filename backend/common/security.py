"""From the settings to the security of a service: refuses to start in any unsafe combination."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from backend.common.tls import TlsFiles
from shared.auth.models import SecurityConfig, SecurityMode
from shared.errors import InvalidInput
from shared.models.users import Principal, Role
from shared.outgoing import OutgoingPolicy

_MODES = {mode.value: mode for mode in SecurityMode}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class UnsafeConfiguration(InvalidInput):
    """The settings would leave a door open; every reason is named."""

    code = "unsafe_configuration"

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("The settings are not safe: " + "; ".join(reasons) + ".", reasons=list(reasons))


class SecuritySettings(Protocol):
    """The settings that security depends on; `config.BaseConfig` has them."""

    @property
    def environment(self) -> str: ...  # noqa: D102 - names of the settings, described there
    @property
    def security_mode(self) -> str: ...  # noqa: D102
    @property
    def jwt_enabled_resolved(self) -> bool: ...  # noqa: D102
    @property
    def mtls_enabled_resolved(self) -> bool: ...  # noqa: D102
    @property
    def keycloak_issuer(self) -> str: ...  # noqa: D102
    @property
    def keycloak_jwks_url(self) -> str: ...  # noqa: D102
    @property
    def keycloak_client_id(self) -> str: ...  # noqa: D102
    @property
    def jwt_algorithm(self) -> str: ...  # noqa: D102
    @property
    def debug(self) -> bool: ...  # noqa: D102
    @property
    def debug_user_id(self) -> str: ...  # noqa: D102
    @property
    def debug_user_email(self) -> str: ...  # noqa: D102
    @property
    def debug_user_roles_list(self) -> list[str]: ...  # noqa: D102
    @property
    def cors_origins_list(self) -> list[str]: ...  # noqa: D102
    @property
    def outgoing_allowed_list(self) -> list[str]: ...  # noqa: D102
    @property
    def tls_cert_file(self) -> Path | None: ...  # noqa: D102
    @property
    def tls_key_file(self) -> Path | None: ...  # noqa: D102
    @property
    def tls_client_ca_file(self) -> Path | None: ...  # noqa: D102
    @property
    def tls_client_crl_file(self) -> Path | None: ...  # noqa: D102
    @property
    def home(self) -> Path: ...  # noqa: D102
    @property
    def api_host(self) -> str: ...  # noqa: D102


def security_from(settings: SecuritySettings) -> SecurityConfig:
    """The security that the settings describe.

    Raises:
        UnsafeConfiguration: If they describe an unsafe combination.
    """
    mode = _MODES[settings.security_mode]
    known = {role.value: role for role in Role}
    config = SecurityConfig(
        mode=mode,
        environment=settings.environment,
        jwt_enabled=settings.jwt_enabled_resolved,
        mtls_enabled=settings.mtls_enabled_resolved,
        issuer=settings.keycloak_issuer,
        jwks_url=settings.keycloak_jwks_url,
        audience=settings.keycloak_client_id,
        algorithms=(settings.jwt_algorithm,),
        debug=settings.debug,
        debug_user=Principal(
            settings.debug_user_id,
            settings.debug_user_email,
            frozenset(known[name] for name in settings.debug_user_roles_list if name in known),
        ),
        cors_origins=tuple(settings.cors_origins_list),
        outgoing=outgoing_from(settings.outgoing_allowed_list),
        tls_cert_file=settings.tls_cert_file,
        tls_key_file=settings.tls_key_file,
        tls_client_ca_file=settings.tls_client_ca_file,
        tls_client_crl_file=settings.tls_client_crl_file,
        test_key_dir=settings.home / "test-key" if mode is SecurityMode.TESTING else None,
    )
    reasons = config.validate_for_start()
    if not config.jwt_enabled and settings.api_host not in _LOOPBACK:
        reasons = [*reasons, f"without tokens CLARA_API_HOST must be a loopback address, not '{settings.api_host}'"]
    if reasons:
        raise UnsafeConfiguration(reasons)
    return config


def outgoing_from(listed: Sequence[str]) -> OutgoingPolicy:
    """Where our own requests may go, beside public addresses.

    Args:
        listed: The setting, split.

    Raises:
        UnsafeConfiguration: If an entry is neither a host nor a network, or one that is never allowed.
    """
    try:
        return OutgoingPolicy.parse(listed)
    except ValueError as exc:
        raise UnsafeConfiguration([f"CLARA_OUTGOING_ALLOWED: {exc}"]) from exc


def tls_from(settings: SecuritySettings) -> TlsFiles | None:
    """TLS files for the listener, None where the service speaks plain HTTP."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    if not settings.mtls_enabled_resolved:
        return TlsFiles(settings.tls_cert_file, settings.tls_key_file)
    return TlsFiles(
        settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file, settings.tls_client_crl_file
    )
