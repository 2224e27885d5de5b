import os
from pathlib import Path
from typing import Any

import pytest

from shared.auth.models import SecurityConfig, SecurityMode


@pytest.fixture
def good(tmp_path: Path) -> dict[str, Any]:
    """Arguments of a production configuration that may start."""
    pem = tmp_path / "file.pem"
    pem.write_text("PEM")
    pem.chmod(0o600)
    return {
        "mode": SecurityMode.PRODUCTION,
        "environment": "production",
        "jwt_enabled": True,
        "mtls_enabled": True,
        "issuer": "https://keycloak.example/realms/vcc",
        "audience": "clara-training-system",
        "cors_origins": ("https://clara.stadt.example",),
        "tls_cert_file": pem,
        "tls_key_file": pem,
        "tls_client_ca_file": pem,
        "tls_client_crl_file": pem,
    }


def test_a_complete_production_configuration_may_start(good: dict[str, Any]) -> None:
    config = SecurityConfig(**good)
    assert config.validate_for_start() == []
    assert config.resolved_jwks_url == "https://keycloak.example/realms/vcc/protocol/openid-connect/certs"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"mode": SecurityMode.DEBUG}, "CLARA_SECURITY_MODE"),
        ({"mode": SecurityMode.TESTING}, "CLARA_SECURITY_MODE"),
        ({"mode": SecurityMode.DEVELOPMENT}, "CLARA_SECURITY_MODE"),
        ({"jwt_enabled": False}, "CLARA_JWT_ENABLED"),
        ({"mtls_enabled": False}, "CLARA_MTLS_ENABLED"),
        ({"tls_cert_file": None}, "TLS certificate"),
        ({"tls_key_file": Path("/nowhere/key.pem")}, "TLS key"),
        ({"tls_client_ca_file": None}, "client CA"),
        ({"tls_client_crl_file": None}, "CLARA_TLS_CLIENT_CRL_FILE is not set"),
        ({"tls_client_crl_file": Path("/nowhere/crl.pem")}, "CLARA_TLS_CLIENT_CRL_FILE is missing"),
        ({"issuer": "http://keycloak.example/realms/vcc"}, "CLARA_KEYCLOAK_URL must be https"),
        ({"issuer": "HTTP://keycloak.example/realms/vcc"}, "CLARA_KEYCLOAK_URL must be https"),
        ({"issuer": "hTtP://127.0.0.1:48080/realms/vcc"}, "CLARA_KEYCLOAK_URL must be https"),
        ({"issuer": "/realms/vcc"}, "CLARA_KEYCLOAK_URL is not set"),
        ({"issuer": "https://[keycloak/realms/vcc"}, "CLARA_KEYCLOAK_URL is not set"),
        ({"issuer": "https://keycloak.example:99999/realms/vcc"}, "CLARA_KEYCLOAK_URL is not set"),
        ({"jwks_url": "http://keycloak.example/certs"}, "JWKS address must be https"),
        ({"jwks_url": "HTTP://keycloak.example/certs"}, "JWKS address must be https"),
        ({"jwks_url": "ftp://keycloak.example/certs"}, "JWKS address must be https"),
        ({"audience": ""}, "CLARA_KEYCLOAK_CLIENT_ID"),
        ({"cors_origins": ("*",)}, "CLARA_CORS_ORIGINS"),
        ({"cors_origins": ("https://*.example",)}, "CLARA_CORS_ORIGINS"),
        ({"cors_origins": ("http://stadt.example",)}, "CLARA_CORS_ORIGINS"),
        ({"cors_origins": ("null",)}, "CLARA_CORS_ORIGINS"),
        ({"cors_origins": ("https://A.Example",)}, "write https://a.example"),
        ({"cors_origins": ("https://good.example", "https://a.example:99999")}, "CLARA_CORS_ORIGINS"),
        ({"issuer": "https://keycloak.example/realms/"}, "CLARA_KEYCLOAK_REALM"),
        ({"issuer": "https://admin:secret@keycloak.example/realms/vcc"}, "CLARA_KEYCLOAK_URL"),
        ({"debug": True}, "CLARA_DEBUG"),
        ({"algorithms": ("RS256", "HS256")}, "CLARA_JWT_ALGORITHM"),
        ({"algorithms": ("none",)}, "CLARA_JWT_ALGORITHM"),
        ({"algorithms": ()}, "CLARA_JWT_ALGORITHM"),
        ({"test_key_dir": Path("/tmp/keys")}, "test key"),
    ],
)
def test_production_refuses_to_start_unsafe_and_names_the_setting(
    good: dict[str, Any], changes: dict[str, Any], named: str
) -> None:
    config = SecurityConfig(**{**good, **changes})
    assert any(named in reason for reason in config.validate_for_start())


def test_the_scheme_of_the_identity_provider_may_be_written_in_capitals(good: dict[str, Any]) -> None:
    assert SecurityConfig(**{**good, "issuer": "HTTPS://keycloak.example/realms/vcc"}).validate_for_start() == []


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_private_key_that_other_users_can_read_is_refused(good: dict[str, Any]) -> None:
    for mode, is_fine in ((0o600, True), (0o640, True), (0o644, False), (0o660, False), (0o604, False)):
        good["tls_key_file"].chmod(mode)
        assert (SecurityConfig(**good).validate_for_start() == []) is is_fine, oct(mode)


def test_production_mode_is_strict_in_every_environment(good: dict[str, Any]) -> None:
    config = SecurityConfig(**{**good, "environment": "development", "mtls_enabled": False})
    assert len(config.validate_for_start()) == 1


def test_all_reasons_are_given_at_once(good: dict[str, Any]) -> None:
    config = SecurityConfig(**{**good, "debug": True, "jwt_enabled": False, "cors_origins": ("*",)})
    assert len(config.validate_for_start()) == 3


@pytest.mark.parametrize(
    "config",
    [
        SecurityConfig(mode=SecurityMode.DEBUG, environment="development", jwt_enabled=False),
        SecurityConfig(
            mode=SecurityMode.DEVELOPMENT, environment="development", issuer="http://localhost:8080/r", audience="clara"
        ),
        SecurityConfig(
            mode=SecurityMode.TESTING, environment="testing", issuer="x", audience="clara", test_key_dir=Path("keys")
        ),
    ],
)
def test_development_and_testing_may_be_comfortable(config: SecurityConfig) -> None:
    assert config.validate_for_start() == []


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (SecurityConfig(mode=SecurityMode.DEVELOPMENT, environment="development", audience="c"), "CLARA_KEYCLOAK_URL"),
        (SecurityConfig(mode=SecurityMode.TESTING, environment="testing", audience="c"), "folder for its key"),
        (
            SecurityConfig(
                mode=SecurityMode.DEBUG, environment="development", jwt_enabled=False, algorithms=("HS256",)
            ),
            "CLARA_JWT_ALGORITHM",
        ),
        (
            SecurityConfig(mode=SecurityMode.DEBUG, environment="development", jwt_enabled=False, mtls_enabled=True),
            "TLS certificate",
        ),
        *(
            (
                SecurityConfig(mode=mode, environment="development", jwt_enabled=False, test_key_dir=Path("keys")),
                "CLARA_SECURITY_MODE=debug",
            )
            for mode in (SecurityMode.DEVELOPMENT, SecurityMode.TESTING)
        ),
    ],
)
def test_but_nowhere_half_configured(config: SecurityConfig, named: str) -> None:
    assert any(named in reason for reason in config.validate_for_start())
