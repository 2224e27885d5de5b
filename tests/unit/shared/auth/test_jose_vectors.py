"""Public vectors: Wycheproof (C2SP) and RFC 7520."""

from tests.support.jose_vectors import NEEDED, figures
from tests.support.shared_data import needs_shared_data

pytestmark = needs_shared_data(*NEEDED)


def test_no_invalid_vector_is_accepted_and_the_valid_ones_that_our_policy_allows_are() -> None:
    found = figures()
    assert found["holds"], found
    assert found["invalid"] >= 376
