"""Who calls and what they may do.

The names of the contract are imported on first use: a debug service that verifies no token must not pay for the crypto.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.auth.decorators import get_current_user_email, optional_auth
    from shared.auth.middleware import JWTMiddleware, jwt_middleware
    from shared.auth.models import SecurityConfig
    from shared.auth.policies import current_principal, require_roles

__all__ = [
    "JWTMiddleware",
    "SecurityConfig",
    "current_principal",
    "get_current_user_email",
    "jwt_middleware",
    "optional_auth",
    "require_roles",
]

_HOMES = {
    "JWTMiddleware": "middleware",
    "SecurityConfig": "models",
    "current_principal": "policies",
    "get_current_user_email": "decorators",
    "jwt_middleware": "middleware",
    "optional_auth": "decorators",
    "require_roles": "policies",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
