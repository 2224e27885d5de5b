"""Fixed splits: the same group always lands in the same part, whatever else is there."""

import hashlib
from collections.abc import Mapping

_BUCKETS = 1_000_000


def bucket_of(group_id: str, seed: int) -> int:
    """A number in 0 … 999,999, evenly spread, from a hash of group and seed."""
    digest = hashlib.blake2b(f"{group_id}{seed}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _BUCKETS


def split_of(group_id: str, seed: int, shares: Mapping[str, float]) -> str:
    """Name of the part that a group belongs to.

    Args:
        group_id: Whatever must stay together (a document).
        seed: Another seed, another split.
        shares: Part name -> share of all groups, in order; they add up to 1.

    Raises:
        ValueError: If a share is negative or they do not add up to 1.
    """
    if any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(f"shares must be positive and add up to 1, found {dict(shares)}")
    bucket, edge, last = bucket_of(group_id, seed), 0.0, ""
    for name, share in shares.items():
        edge += share * _BUCKETS
        last = name if share > 0 else last
        if bucket < round(edge):
            return name
    return last
