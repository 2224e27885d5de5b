from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.database.audit.signing_key import AnchorKeyUnusable, SigningKey, is_signed_by, public_key


def test_a_key_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    first, signature = SigningKey(tmp_path / "audit").sign(b"x")
    second, _ = SigningKey(tmp_path / "audit").sign(b"y")

    assert first == second
    assert is_signed_by(public_key(tmp_path / "audit"), b"x", signature)
    assert (tmp_path / "audit" / "anchor-key.pem").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "audit").iterdir()) == ["anchor-key.pem", "anchor-key.pub.pem"]


def test_services_that_start_together_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda _: SigningKey(tmp_path).sign(b"x")[0], range(8)))

    assert len(ids) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    SigningKey(tmp_path).sign(b"x")
    (tmp_path / "anchor-key.pem").chmod(0o644)

    with pytest.raises(AnchorKeyUnusable, match="600"):
        SigningKey(tmp_path).sign(b"x")


@pytest.mark.parametrize("name", ["anchor-key.pem", "anchor-key.pub.pem"])
def test_a_file_that_holds_no_key_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no key")
    (tmp_path / name).chmod(0o600)

    with pytest.raises(AnchorKeyUnusable, match=name):
        SigningKey(tmp_path).sign(b"x") if name == "anchor-key.pem" else public_key(tmp_path)


def test_where_nothing_was_signed_there_is_no_public_key(tmp_path: Path) -> None:
    assert public_key(tmp_path) is None
