import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from shared.auth.authenticators import authenticator_for
from shared.auth.jws import InvalidToken
from shared.auth.local_issuer import KEY_FILE, LocalIssuerRefused, issue_test_token, local_test_jwks
from shared.auth.models import SecurityConfig, SecurityMode
from shared.errors import Unavailable
from shared.models.users import Role

pytestmark = pytest.mark.anyio


@pytest.fixture
def config(tmp_path: Path) -> SecurityConfig:
    return SecurityConfig(
        mode=SecurityMode.TESTING,
        environment="testing",
        issuer="http://localhost/realms/vcc",
        audience="clara",
        test_key_dir=tmp_path / "keys",
    )


async def test_a_test_token_is_accepted_by_a_service_with_the_same_key_folder(config: SecurityConfig) -> None:
    token = issue_test_token(config, roles=[Role.ANALYST, "made-up"], subject="s", email="s@clara.local")
    identity = await authenticator_for(config).identify(token)
    assert (identity.principal.subject, identity.principal.email) == ("s", "s@clara.local")
    assert identity.principal.roles == {Role.ANALYST}


async def test_a_test_token_from_another_folder_is_refused(config: SecurityConfig, tmp_path: Path) -> None:
    foreign = issue_test_token(replace(config, test_key_dir=tmp_path / "elsewhere"))
    with pytest.raises(InvalidToken):
        await authenticator_for(config).identify(foreign)


async def test_claims_can_be_replaced_to_make_bad_tokens(config: SecurityConfig) -> None:
    with pytest.raises(InvalidToken):
        await authenticator_for(config).identify(issue_test_token(config, typ="ID"))


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_the_private_key_is_readable_by_its_owner_only(config: SecurityConfig) -> None:
    issue_test_token(config)
    assert config.test_key_dir is not None
    path = config.test_key_dir / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(Unavailable, match="readable by others"):
        issue_test_token(config)


def test_services_that_start_at_once_share_one_key(config: SecurityConfig) -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(local_test_jwks(config))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(jwks == found[0] for jwks in found)
    assert config.test_key_dir is not None
    assert [path.name for path in config.test_key_dir.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("mode", [SecurityMode.PRODUCTION, SecurityMode.DEVELOPMENT, SecurityMode.DEBUG])
def test_outside_of_testing_there_are_no_test_tokens(config: SecurityConfig, mode: SecurityMode) -> None:
    issue_test_token(config)
    for unfit in (replace(config, mode=mode), replace(config, environment="production")):
        with pytest.raises(LocalIssuerRefused):
            issue_test_token(unfit)
        with pytest.raises(LocalIssuerRefused):
            local_test_jwks(unfit)


def test_a_folder_that_cannot_be_made_is_named(config: SecurityConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=KEY_FILE.replace(".", r"\.")):
        issue_test_token(replace(config, test_key_dir=tmp_path / "file"))
