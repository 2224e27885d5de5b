"""What every `KeyStore` must do, whatever it stores in."""

from datetime import timedelta

import pytest

from shared.database.key_store import KeyNotFound, KeyRevoked
from shared.database.stores import Stores
from shared.errors import Conflict
from shared.models.api_key import ApiKey, StoredKey, hash_of, new_token
from shared.models.users import Role
from tests.support.store_values import START, an_audit


def a_key(number: int = 0) -> tuple[StoredKey, str]:
    """A key, `number` seconds younger than the first, and its token."""
    key_id, token = new_token()
    born = START + timedelta(seconds=number)
    roles = frozenset({Role.TRAINER, Role.ANALYST})
    key = ApiKey(key_id, f"import {number}", roles, born, "anna@amt.example", born + timedelta(days=90))
    return StoredKey(key, hash_of(token)), token


class KeyStoreContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    def test_a_key_is_found_as_it_was_added(self, stores: Stores) -> None:
        stored, token = a_key()

        assert stores.keys.add(stored, audit=an_audit("key.created")) == stored.key

        found = stores.keys.find(stored.key.key_id)
        assert found == stored
        assert found.is_of(token)
        assert stores.keys.find("unknown") is None
        assert [entry.action for _, entry in stores.audit.page()] == ["key.created"]

    def test_an_id_is_given_once(self, stores: Stores) -> None:
        stored, _ = a_key()
        stores.keys.add(stored, audit=an_audit())

        with pytest.raises(Conflict):
            stores.keys.add(stored, audit=an_audit())

        assert len(stores.audit.page()) == 1

    def test_a_revoked_key_stays_in_the_list_and_is_revoked_once(self, stores: Stores) -> None:
        stored, _ = a_key()
        stores.keys.add(stored, audit=an_audit("key.created"))

        revoked = stores.keys.revoke(stored.key.key_id, by="bert@amt.example", audit=an_audit("key.revoked"))

        assert revoked.revoked_at is not None
        assert revoked.revoked_by == "bert@amt.example"
        assert not revoked.is_good_at(START)
        assert stores.keys.page().items == [revoked]
        with pytest.raises(KeyRevoked, match="bert"):
            stores.keys.revoke(stored.key.key_id, by="c", audit=an_audit())
        with pytest.raises(KeyNotFound):
            stores.keys.revoke("unknown", by="c", audit=an_audit())
        assert [entry.action for _, entry in stores.audit.page()] == ["key.revoked", "key.created"]

    def test_keys_come_newest_first_page_by_page(self, stores: Stores) -> None:
        ids = []
        for number in range(5):
            stored, _ = a_key(number)
            ids.append(stores.keys.add(stored, audit=an_audit()).key_id)

        first = stores.keys.page(limit=3)
        rest = stores.keys.page(limit=3, after=first.next_after)

        assert [key.key_id for key in [*first.items, *rest.items]] == ids[::-1]
        assert (first.total, rest.next_after) == (5, None)
        with pytest.raises(KeyNotFound):
            stores.keys.page(after="unknown")

    def test_uses_are_noted_and_never_go_back(self, stores: Stores) -> None:
        stored, _ = a_key()
        key_id = stores.keys.add(stored, audit=an_audit()).key_id
        late, early = START + timedelta(hours=2), START + timedelta(hours=1)

        stores.keys.note_uses({key_id: late, "unknown": late})
        stores.keys.note_uses({key_id: early})
        stores.keys.note_uses({})

        (key,) = stores.keys.page().items
        assert key.last_used_at == late
