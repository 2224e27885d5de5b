"""The realm that ships gives tokens that services accept, and holds no secret."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.development import DevelopmentConfig
from shared.auth.tokens import MAX_LIFETIME_S
from shared.models.users import Role

REALM = json.loads(
    (Path(__file__).parents[4] / "admin" / "deployment" / "keycloak" / "vcc-realm.json").read_text(encoding="utf-8")
)
SETTINGS = DevelopmentConfig()
CLIENTS = {client["clientId"]: client for client in REALM["clients"]}
SECRETS = {"secret", "credentials", "password", "privateKey", "private_key", "certificate", "registrationToken"}


def names_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def test_the_names_are_those_of_the_settings() -> None:
    assert REALM["realm"] == SETTINGS.keycloak_realm
    assert set(CLIENTS) == {SETTINGS.keycloak_client_id, SETTINGS.keycloak_cli_client_id}
    assert REALM["defaultSignatureAlgorithm"] == SETTINGS.jwt_algorithm


def test_no_secret_is_in_the_file() -> None:
    assert not SECRETS & set(names_in(REALM))
    assert all(client["publicClient"] for client in CLIENTS.values())


def test_users_have_no_password_and_must_choose_one() -> None:
    assert {user["username"]: user["realmRoles"] for user in REALM["users"]} == {
        "anna": ["trainer"],
        "bert": ["admin"],
        "cleo": ["analyst"],
    }
    assert all(user["requiredActions"] == ["UPDATE_PASSWORD"] for user in REALM["users"])


def test_roles_are_the_three_of_the_services_and_nothing_else_gets_into_tokens() -> None:
    assert {role["name"] for role in REALM["roles"]["realm"]} == set(Role)
    assert {mapping["client"]: set(mapping["roles"]) for mapping in REALM["scopeMappings"]} == {
        client: set(Role) for client in CLIENTS
    }
    assert not any(client["fullScopeAllowed"] for client in CLIENTS.values())


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_every_token_names_the_services_as_its_audience(client: dict[str, Any]) -> None:
    (mapper,) = client["protocolMappers"]
    assert mapper["protocolMapper"] == "oidc-audience-mapper"
    assert mapper["config"]["included.client.audience"] == SETTINGS.keycloak_client_id
    assert mapper["config"]["access.token.claim"] == "true"
    # sub, realm_access.roles and email come from these
    assert {"basic", "roles", "email"} <= set(client["defaultClientScopes"])


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_nobody_types_a_password_into_a_client(client: dict[str, Any]) -> None:
    assert not client["directAccessGrantsEnabled"]
    assert not client["implicitFlowEnabled"]
    assert not client["serviceAccountsEnabled"]
    assert client["attributes"]["pkce.code.challenge.method"] == "S256"


def test_the_command_line_logs_in_on_its_own_machine_or_by_device_code() -> None:
    client = CLIENTS[SETTINGS.keycloak_cli_client_id]
    assert client["redirectUris"] == ["http://127.0.0.1/callback"]
    assert client["attributes"]["oauth2.device.authorization.grant.enabled"] == "true"
    others = [other for name, other in CLIENTS.items() if name != SETTINGS.keycloak_cli_client_id]
    assert not any(other["standardFlowEnabled"] or other["redirectUris"] for other in others)


def test_tokens_are_short_and_a_refresh_token_is_good_once() -> None:
    assert REALM["accessTokenLifespan"] <= 900 < MAX_LIFETIME_S
    assert REALM["revokeRefreshToken"] is True
    assert REALM["refreshTokenMaxReuse"] == 0
    assert REALM["bruteForceProtected"] is True
    assert REALM["registrationAllowed"] is False
    assert REALM["sslRequired"] in {"external", "all"}
