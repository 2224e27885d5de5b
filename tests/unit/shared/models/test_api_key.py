import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.models.api_key import LONGEST_LIFETIME, KeyRefused, hash_of, key_id_of, new_key
from shared.models.users import Role

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_a_token_names_its_key_and_holds_256_random_bits() -> None:
    made = [new_key(" import ", [Role.ADMIN], lifetime=timedelta(days=1), created_by="a", now=NOW) for _ in range(100)]

    assert len({token for _, token in made}) == 100
    for stored, token in made:
        assert re.fullmatch(r"clara_key_[a-z2-7]{16}_[A-Za-z0-9_-]{43}", token)
        assert key_id_of(token) == stored.key.key_id
        assert stored.key.name == "import"
        assert stored.secret_sha256 == hash_of(token)
        assert stored.is_of(token)
        assert not stored.is_of(made[0][1]) or token == made[0][1]


def test_neither_secret_nor_hash_is_shown() -> None:
    stored, token = new_key("import", [Role.ADMIN], lifetime=timedelta(days=1), created_by="a", now=NOW)

    assert token.rpartition("_")[2] not in repr(stored)
    assert stored.secret_sha256 not in repr(stored)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x00"])
def test_a_name_must_say_something(name: str) -> None:
    with pytest.raises(KeyRefused, match="name"):
        new_key(name, [Role.ADMIN], lifetime=timedelta(days=1), created_by="a", now=NOW)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=-1), LONGEST_LIFETIME + timedelta(days=1)])
def test_a_key_neither_lives_for_ever_nor_not_at_all(lifetime: timedelta) -> None:
    with pytest.raises(KeyRefused, match="366"):
        new_key("import", [Role.ADMIN], lifetime=lifetime, created_by="a", now=NOW)


def test_a_key_without_a_role_would_be_of_no_use() -> None:
    with pytest.raises(KeyRefused, match="analyst"):
        new_key("import", [], lifetime=timedelta(days=1), created_by="a", now=NOW)
