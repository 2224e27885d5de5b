"""Who calls: principals and the three roles that carry rights."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The roles of the contract; a token may carry others, which grant nothing."""

    ADMIN = "admin"
    TRAINER = "trainer"
    ANALYST = "analyst"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    Args:
        subject: Stable id from the token (`sub`), unique per issuer.
        email: Address shown in lists and audit rows; the subject where the token has none.
        roles: Known roles only; unknown role names are dropped at the edge.
    """

    subject: str
    email: str
    roles: frozenset[Role] = frozenset()

    def has_any(self, *roles: Role) -> bool:
        """Whether the caller holds at least one of `roles`."""
        return not self.roles.isdisjoint(roles)


SYSTEM = Principal(subject="system", email="system@clara.local")
"""The principal of what CLARA does by itself (rescues, hand-backs, clean-ups)."""

CONTINUOUS = Principal(subject="service:continuous", email="continuous@clara.local", roles=frozenset({Role.TRAINER}))
"""The principal of runs that feedback triggers."""
